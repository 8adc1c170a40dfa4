"""What the suite promises of itself: nothing leaves the machine, warnings are errors, and the settings differ little.

How fixtures, parameters and markers are used is best read in the tests beside this one.
"""

import socket
import warnings

import pytest
from django.conf import settings
from pytest_socket import SocketConnectBlockedError

from config.settings import base, test

CHANGED = {"PASSWORD_HASHERS", "EMAIL_BACKEND", "RATE_LIMITS", "STORAGES", "WEBHOOKS_TO_LOOPBACK"}


@pytest.mark.roadmap("testing/pytest")
def test_nobody_outside_is_called() -> None:
    with (
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(SocketConnectBlockedError),
        socket.socket() as line,
    ):
        line.connect(("192.0.2.1", 80))  # RFC 5737: nobody's address


@pytest.mark.roadmap("testing/pytest")
def test_warning_is_an_error() -> None:
    with pytest.raises(DeprecationWarning, match="old"):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


@pytest.mark.roadmap("testing/pytest")
def test_settings_differ_from_the_real_ones_in_these_names_and_the_pool() -> None:
    differing = {name for name in dir(base) if name.isupper() and getattr(base, name) != getattr(test, name)}

    assert differing == CHANGED
    assert settings.PASSWORD_HASHERS == test.PASSWORD_HASHERS
    assert "pool" not in test.DATABASES["default"]["OPTIONS"]


@pytest.mark.roadmap("testing/pytest")
def test_proof_in_its_long_form_waits_for_its_own_command(request: pytest.FixtureRequest) -> None:
    chosen = [item for item in request.session.items if item.get_closest_marker("long")]

    assert not chosen or "long" in request.config.option.markexpr
