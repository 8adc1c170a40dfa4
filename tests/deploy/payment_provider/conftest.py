"""One provider and one listener for all these tests; each test starts with an empty book and no faults."""

import pytest
import stripe

from tests.deploy.payment_provider.neighbour import Listener, Neighbour

stripe.enable_telemetry = False  # it would write a file into the home folder


@pytest.fixture(scope="session")
def open_ear():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="session")
def open_neighbour(tmp_path_factory, open_ear):
    neighbour = Neighbour(tmp_path_factory.mktemp("provider"), WEBHOOK_URL=open_ear.url).start()
    yield neighbour
    neighbour.stop()
    neighbour.http.close()


@pytest.fixture
def provider(open_neighbour, open_ear):
    open_neighbour.http.delete("/_faults").raise_for_status()
    open_neighbour.http.delete("/_ledger").raise_for_status()
    open_ear.heard.clear()
    open_ear.answer = lambda heard: 200
    return open_neighbour


@pytest.fixture
def listener(provider, open_ear):
    return open_ear


@pytest.fixture
def client(provider):
    with provider.client() as client:
        yield client


@pytest.fixture
def own_provider(tmp_path, listener):
    """A provider that the test may kill."""
    neighbour = Neighbour(tmp_path, WEBHOOK_URL=listener.url).start()
    yield neighbour
    neighbour.stop()
    neighbour.http.close()
