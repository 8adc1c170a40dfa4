"""Each switch does what it says, by chance as seeded, and none of them keeps the provider from closing."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
import stripe

from tests.deploy.payment_provider.neighbour import eventually

pytestmark = pytest.mark.roadmap("commerce/external-services")


@pytest.mark.parametrize("by", ["switch", "card"])
def test_answer_lost_after_the_charge_is_found_by_its_key(provider, by):
    provider.turn(hang_seconds=30, **({"timeout_after_charge": 1} if by == "switch" else {}))
    card = "pm_card_visa" if by == "switch" else "pm_fault_timeoutAfterCharge"

    with pytest.raises(httpx.ReadTimeout):
        provider.hold(key="lost", card=card, timeout=0.3)
    if by == "switch":
        provider.turn()
    found = provider.hold(key="lost", card=card)

    assert found.headers["Idempotent-Replayed"] == "true"
    assert [entry["id"] for entry in provider.ledger()] == [found.json()["id"]]


@pytest.mark.parametrize("by", ["switch", "card"])
def test_request_lost_before_the_charge_leaves_no_trace(provider, by):
    provider.turn(hang_seconds=30, **({"timeout_before_charge": 1} if by == "switch" else {}))
    card = "pm_card_visa" if by == "switch" else "pm_fault_timeoutBeforeCharge"

    with pytest.raises(httpx.ReadTimeout):
        provider.hold(key="lost", card=card, timeout=0.3)

    assert provider.ledger() == []


def test_connection_is_dropped_without_a_word_when_the_hang_is_over(provider):
    provider.turn(timeout_after_charge=1, hang_seconds=0.3)
    begun = time.monotonic()

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        provider.hold()

    assert time.monotonic() - begun >= 0.3
    assert len(provider.ledger()) == 1


def test_library_calls_a_dropped_connection_by_its_name(provider, client):
    provider.turn(timeout_before_charge=1, hang_seconds=0)

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create({"amount": 4200, "currency": "eur"})


@pytest.mark.parametrize(("card", "entries"), [("pm_fault_error500", 0), ("pm_fault_error500AfterCharge", 1)])
def test_magic_card_breaks_its_own_request_only(provider, client, card, entries):
    wish = {"amount": 4200, "currency": "eur", "payment_method": card, "confirm": True}
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failure:
            client.v1.payment_intents.create(wish, {"idempotency_key": card})
        assert failure.value.http_status == 500

    assert len(provider.ledger()) == entries


def test_slow_is_slow_but_works(provider):
    provider.turn(slow_ms=400)
    begun = time.monotonic()

    assert provider.hold(card="pm_fault_slow").json()["status"] == "requires_capture"
    assert time.monotonic() - begun >= 0.4


def test_latency_delays_reads_too(provider):
    provider.turn(latency_ms=300)

    assert provider.http.get("/v1/payment_intents").elapsed.total_seconds() >= 0.3


def test_reads_fail_only_when_asked_to(provider):
    provider.turn(error_500_before=1)
    assert provider.http.get("/v1/payment_intents").status_code == 200

    provider.turn(error_500_before=1, reads_too=True)
    assert provider.http.get("/v1/payment_intents").status_code == 500

    provider.turn(timeout_after_charge=1, reads_too=True, hang_seconds=0.2)
    with pytest.raises(httpx.RemoteProtocolError):
        provider.http.get("/v1/payment_intents")


def test_same_seed_brings_the_same_mishaps(provider):
    def run():
        provider.turn(error_500_before=0.3, error_500_after=0.2, seed=42)
        return [provider.hold().status_code for _ in range(30)]

    first = run()

    assert first == run()
    assert set(first) == {200, 500}
    assert "faults: seed 42, {'error_500_before': 0.3" in (provider.folder / "log.txt").read_text()


@pytest.mark.parametrize(
    "nonsense", [{"timeout_before_charge": 2}, {"error_500_after": 0.6, "error_500_before": 0.6}, {"typo": 1}]
)
def test_senseless_switches_are_refused_and_the_old_ones_stand(provider, nonsense):
    provider.turn(latency_ms=1)

    assert provider.http.put("/_faults", json=nonsense).status_code == 400
    assert provider.http.get("/_faults").json()["latency_ms"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_closes_at_once_in_the_middle_of_hanging_requests(own_provider, number):
    own_provider.turn(timeout_after_charge=1, hang_seconds=60)

    def press(_):
        with suppress(httpx.TransportError):
            own_provider.hold()

    with ThreadPoolExecutor(4) as presses:
        waits = [presses.submit(press, n) for n in range(4)]
        eventually(lambda: len(own_provider.ledger()) == 4)
        assert own_provider.stop(number) <= 3
        assert all(wait.result(5) is None for wait in waits)
    own_provider.start()
