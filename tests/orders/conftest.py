"""The payment provider that the views of these tests talk to."""

import pytest

from orders import gateways
from tests.fakes import FakeGateway


@pytest.fixture
def provider(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """Stands where the environment names a gateway; `test_gateways.py` shows the real one with a real provider."""
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    return gateway
