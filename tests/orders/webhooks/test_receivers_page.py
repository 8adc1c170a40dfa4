"""The page that receivers read (`docs/api/webhooks.md`): its example runs, and its numbers are ours."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from orders.models import WebhookKind
from orders.webhooks.deliveries import PAUSES
from orders.webhooks.subscriptions import Opened
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered
from tests.orders.webhooks.receiver import Receiver
from tests.orders.webhooks.rounds import run_webhooks

PAGE = (Path(__file__).parents[3] / "docs" / "api" / "webhooks.md").read_text("utf-8")


@pytest.mark.django_db
def test_receiver_of_the_documentation_verifies_and_does_each_once(
    alice: User, gateway: FakeGateway, merchant: Receiver, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    example = PAGE.partition("```python\n")[2].partition("```")[0].replace("whsec_…", opened.secret)
    its: dict[str, Any] = {}
    exec(example, its)
    order, seen = ordered(alice, gateway), set[str]()
    run_webhooks()
    [call] = merchant.calls

    statuses = [its["receive"](body, call.headers, seen) for body in (call.body, call.body, call.body + b" ")]

    assert statuses == [204, 204, 400]
    assert capsys.readouterr().out == f"order.paid {order.number}\n"


def test_page_for_receivers_names_every_event_and_every_pause() -> None:
    assert {f"`{kind.value}`" for kind in WebhookKind} <= set(re.findall(r"`[a-z.]+`", PAGE))
    hours = [round(pause.total_seconds() / 3600) for pause in PAUSES if pause >= timedelta(hours=1)]
    assert "2, 5, 7 and 10 hours" in PAGE
    assert hours == [2, 5, 7, 10]
