"""Who runs in a folder can be asked from outside, without disturbing them."""

from pathlib import Path

import pytest

from deploy.embedded import ServerTrouble
from deploy.local.tenancy import running_provider, tenancy


def test_provider_of_a_running_shop_is_found(tmp_path: Path) -> None:
    with tenancy(tmp_path, "http://shop", "http://provider"):
        assert running_provider(tmp_path) == "http://provider"

    assert running_provider(tmp_path) == ""


def test_second_tenant_is_told_where_the_first_is(tmp_path: Path) -> None:
    with (
        tenancy(tmp_path, "http://shop", "http://provider"),
        pytest.raises(ServerTrouble, match=r"already running in .* at http://shop"),
        tenancy(tmp_path, "http://other"),
    ):
        pass
