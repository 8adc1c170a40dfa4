"""The book can be read by people, and what customers wrote cannot break the page."""

import pytest

pytestmark = pytest.mark.roadmap("commerce/payment-gateway")


def test_page_shows_the_newest_payments_and_what_became_of_them(provider):
    intent = provider.hold(**{"metadata[order]": "R-1042"}).json()["id"]
    provider.post(f"payment_intents/{intent}/capture")
    provider.post("refunds", payment_intent=intent, amount=1050)
    provider.hold(card="pm_card_chargeDeclinedInsufficientFunds")

    page = provider.http.get("/").text

    for sign in (intent, "R-1042", "42.00 EUR", "10.50 EUR", "succeeded", "declined: insufficient funds"):
        assert sign in page


def test_page_loads_nothing_from_elsewhere_and_shows_text_as_text(provider):
    provider.hold(**{"metadata[order]": "<script>alert(1)</script>"})

    page = provider.http.get("/").text

    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "http" not in page
    assert "src=" not in page


def test_page_says_which_faults_are_on(provider):
    assert "Faults are on" not in provider.http.get("/").text

    provider.turn(timeout_after_charge=0.15)

    assert "Faults are on: timeout_after_charge 0.15" in provider.http.get("/").text
