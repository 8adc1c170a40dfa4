"""One purchase, found by its id in the log of every process that it touched; and every line of every log is JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.embedded.processes import wait_until
from deploy.local.stack import Stack
from tests.orders.purchases import ADDRESS

ALICE = {"email": "alice@example.com", "password": "alice-shows-the-shop"}
#: What writes JSON; the payment provider is a neighbour and writes as it likes.
CELERYS_OWN = {"", "worker: Warm shutdown (MainProcess)"}  # written past every log when it is told to end
OURS = ("web", "worker", "mail", "beat", "relay", "grpc")


def lines(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text("utf-8").splitlines():
        if line in CELERYS_OWN:
            continue
        entry = json.loads(line)
        assert {"time", "level", "logger", "message", "request_id"} <= set(entry), line
        yield entry


def bought(shop: Stack, request_id: str) -> None:
    headers = {"X-Request-ID": request_id, "Idempotency-Key": request_id}
    with httpx.Client(base_url=f"{shop.url}/api/v1/", timeout=20) as browser:
        token = browser.post("auth/token/", json=ALICE).raise_for_status().json()["access"]
        headers["Authorization"] = f"Bearer {token}"
        product = browser.get("products/?in_stock=true").json()["results"][0]["sku"]
        browser.post("cart/lines/", json={"sku": product}, headers=headers).raise_for_status()
        answer = browser.post(
            "orders/", json={"payment_method": "pm_card_visa", "shipping_address": ADDRESS}, headers=headers
        )
        assert answer.status_code == 201, answer.text


@pytest.mark.roadmap("observability/correlation-ids", "observability/structured-logging")
def test_purchase_is_found_by_its_id_in_the_log_of_every_process_it_touched(shop_stack: Stack) -> None:
    request_id = f"purchase-{uuid4().hex}"
    logs = shop_stack.directory / "log"

    bought(shop_stack, request_id)

    def found() -> dict[str, set[str]]:
        return {
            name: {e["message"] for e in lines(logs / f"{name}.log") if e["request_id"] == request_id} for name in OURS
        }

    wanted = {
        "web": {"OrderPlaced", "OrderPaid", "POST 201"},
        "worker": {"PaymentCaptured", "orders.tasks.move_money SUCCESS"},
        "mail": {"orders.tasks.deliver_mail SUCCESS"},
    }
    wait_until(lambda: all(found()[name] >= part for name, part in wanted.items()), 30)
    assert {name: found()[name] & part for name, part in wanted.items()} == wanted
    letters = [path.read_text() for path in (shop_stack.directory / "mail").iterdir()]
    assert any(f"X-Request-ID: {request_id}" in letter for letter in letters)


@pytest.mark.roadmap("observability/structured-logging", "observability/log-redaction")
def test_every_line_of_every_process_is_one_object_and_holds_no_secret(shop_stack: Stack) -> None:
    bought(shop_stack, f"purchase-{uuid4().hex}")

    for name in OURS:
        log = shop_stack.directory / "log" / f"{name}.log"
        assert list(lines(log)) or name == "beat"
        text = log.read_text("utf-8")
        for secret in (*ALICE.values(), "Bearer ey", shop_stack.env["PAYMENT_API_KEY"], shop_stack.env["SECRET_KEY"]):
            assert secret not in text
