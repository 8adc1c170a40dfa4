"""What the crowd of `--profile load` asks, asked of the real shop. Locust is no package of ours; its client is."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from deploy.local.process import ROOT
from orders import gateways
from orders.models import Order
from tests.factories import product
from tests.fakes import FakeGateway

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.roadmap("deployment/docker-compose")]
Crowd = Callable[..., Any]


class Session(requests.Session):
    """As Locust's: an address below the host, a name to count under, an answer that the task judges."""

    host = ""

    def request(  # type: ignore[override]
        self, method: str, url: str, name: str = "", catch_response: bool = False, **kwargs: Any
    ) -> Any:
        answer = super().request(method, f"{self.host}{url}", timeout=20, **kwargs)
        if catch_response:
            answer.success = lambda: None  # type: ignore[attr-defined]
            return nullcontext(answer)
        answer.raise_for_status()
        return answer


@pytest.fixture
def crowd(live_server: LiveServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """`crowd()` makes one of the crowd, as Locust would from the file; `crowd(old, new)` from a copy."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    locust = ModuleType("locust")
    locust.HttpUser, locust.between = object, lambda *_: None  # type: ignore[attr-defined]
    locust.task = lambda weight: lambda method: method  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "locust", locust)

    def made(old: str = "", new: str = "") -> Any:
        file = ROOT / "deploy/load/locustfile.py"
        module = ModuleType("locustfile")
        exec(compile(file.read_text().replace(old, new) if old else file.read_text(), str(file), "exec"), vars(module))
        buyer = module.Buyer()
        buyer.client = Session()
        buyer.client.host, buyer.client.trust_env = live_server.url, False
        return buyer

    return made


def test_one_of_the_crowd_looks_and_buys(
    crowd: Crowd, alice: User, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    product(stocked=3)
    buyer = crowd()

    buyer.on_start()
    buyer.look()
    buyer.buy()

    assert Order.objects.get().status == "paid"
    assert buyer.client.headers["Host"] == "localhost"


def test_second_of_the_crowd_comes_in_with_the_login_of_the_first(crowd: Crowd, alice: User) -> None:
    buyer = crowd()
    buyer.on_start()
    alice.set_password("another-one-since-then")
    alice.save()

    buyer.on_start()  # the shop was not asked again


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("headers.update(", "headers.__ior__("),
        ("/api/v1/auth/token/", "/api/v1/auth/tokens/"),
        ("/api/v1/products/", "/api/v1/goods/"),
        ("/api/v1/cart/lines/", "/api/v1/cart/line/"),
        ("['slug']", "['id']"),
    ],
)
def test_task_that_asks_for_what_is_not_there_fails(crowd: Crowd, alice: User, old: str, new: str) -> None:
    product(stocked=3)
    buyer = crowd(old, new)

    with pytest.raises((requests.RequestException, KeyError, TypeError, AttributeError)):
        spend_an_afternoon(buyer)


def spend_an_afternoon(buyer: Any) -> None:
    buyer.on_start()
    buyer.look()
    buyer.buy()
