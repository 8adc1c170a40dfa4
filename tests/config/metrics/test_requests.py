"""Rate, errors and duration: a purchase over HTTP is read from the page, and nobody can make a million series."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import ResolverMatch
from rest_framework.test import APIClient

from accounts.models import User
from config.logs.statements import Statements
from config.metrics import pools, requests
from config.metrics.requests import RequestMetricsMiddleware
from orders import gateways
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.figures import Gained, page, samples
from tests.orders.purchases import ADDRESS

ORDERS = "/api/v1/orders/"
ROUTE = {"method": "POST", "route": "api/v1/orders/"}


@pytest.fixture
def provider(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    monkeypatch.setattr(gateways, "configured", lambda: gateway)
    return gateway


@pytest.fixture
def gained() -> Gained:
    return Gained()


def buy(client: APIClient) -> Any:
    body = {"payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    return client.post(ORDERS, body, format="json", headers={"Idempotency-Key": "key-1"})


@pytest.mark.roadmap("observability/apm-signals", "observability/prometheus-and-grafana")
def test_purchase_is_counted_with_its_route_its_time_and_its_statements(
    transactional_db: None, alice: User, api: Callable[..., APIClient], provider: FakeGateway, gained: Gained
) -> None:
    cart_of(alice, (product(), 1))

    assert buy(api(alice)).status_code == 201

    assert gained("shop_http_requests_total", status=201, **ROUTE) == 1
    assert gained("shop_http_request_duration_seconds_count", **ROUTE) == 1
    assert gained("shop_http_request_duration_seconds_bucket", le="+Inf", **ROUTE) == 1
    assert gained("shop_http_database_queries_total", **ROUTE) == 8
    assert (
        0
        < gained("shop_http_database_seconds_total", **ROUTE)
        < gained("shop_http_request_duration_seconds_sum", **ROUTE)
    )
    assert gained("shop_purchases_total", outcome="paid") == gained("shop_order_events_total", event="OrderPaid") == 1


@pytest.fixture
def answering() -> Callable[[HttpResponse | Exception, float], HttpRequest]:
    """A request for `slow/<id>/`, whose view takes so long and answers that."""

    def ask(answer: Any, seconds: float) -> HttpRequest:
        def view(request: HttpRequest) -> HttpResponse:
            time.sleep(seconds)
            request.resolver_match = ResolverMatch(view, (), {}, route="slow/<id>/")
            return answer

        request = RequestFactory().get("/slow/17/")
        RequestMetricsMiddleware(view)(request)
        return request

    return ask


@pytest.mark.roadmap("observability/apm-signals")
def test_slow_route_and_failing_route_are_told_apart(
    db: None, answering: Any, gained: Gained, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(requests, "SLOW", 0.1)
    with caplog.at_level(logging.INFO, "config.metrics.requests"):
        answering(HttpResponse(status=500), 0)
        answering(HttpResponse(), 0.12)

    assert gained("shop_http_requests_total", route="slow/<id>/", status=500) == 1
    assert gained("shop_http_request_duration_seconds_bucket", route="slow/<id>/", le="0.1") == 1
    assert gained("shop_http_request_duration_seconds_count", route="slow/<id>/") == 2
    assert [record.getMessage()[:40] for record in caplog.records] == ["slow request: GET slow/<id>/ in 0.1 s, 0"]


@pytest.mark.roadmap("observability/apm-signals")
def test_slowest_statement_is_kept_without_its_values(db: None) -> None:
    queries = Statements()

    with connection.execute_wrapper(queries), connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["alice's secret"])
        cursor.execute("SELECT pg_sleep(%s)", [0.5])

    assert (queries.count, queries.slowest) == (2, "SELECT pg_sleep(%s)")
    assert queries.seconds >= queries.longest >= 0.5


def test_hostile_paths_and_methods_make_one_series(db: None, client: Client) -> None:
    client.generic("BREW", "/nowhere-0/")
    client.get("/nowhere-0/")
    before = set(samples(page()))

    for number in range(50):
        client.get(f"/nowhere-{number}/")
        client.get(f'/nowhere-"{number}"}} 1\nshop_made_up_total 1/')
        client.get(f"/nowhere/?q={number}")
        client.generic(f"BREW{number}", f"/nowhere-{number}/")

    assert set(samples(page())) == before


def test_request_that_is_being_answered_is_seen(db: None) -> None:
    seen: list[float] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(requests.IN_PROGRESS._value.get())
        return HttpResponse()

    RequestMetricsMiddleware(view)(RequestFactory().get("/"))

    assert (seen, requests.IN_PROGRESS._value.get()) == ([1], 0)


class Pool:
    """As much of psycopg's as is asked for."""

    def __init__(self, *stats: dict[str, int]) -> None:
        self.stats: Iterator[dict[str, int]] = iter(stats)

    def get_stats(self) -> dict[str, int]:
        return next(self.stats)


@pytest.mark.roadmap("observability/apm-signals")
def test_who_waited_for_a_connection_is_counted_though_nobody_waits_any_more(
    gained: Gained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "REST", 0.0)
    waited = {"pool_size": 8, "pool_available": 3, "requests_queued": 5, "requests_wait_ms": 2500, "requests_errors": 1}
    looks, pool = pools.Looks(), Pool(waited, waited, {"pool_size": 1, "requests_queued": 2})

    for _ in range(3):  # the last time it was made anew, and has nobody waiting
        looks.look(pool)

    assert gained("shop_database_pool_waits_total") == 7
    assert gained("shop_database_pool_wait_seconds_total") == 2.5
    assert gained("shop_database_pool_timeouts_total") == 1
    assert gained("shop_database_pool_connections", state="busy") == 1
