"""Prometheus reads the page; a stranger, and whoever comes through a proxy, finds nothing there."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from django.test import Client

from config.metrics import server
from deploy.embedded.ports import free_port
from tests.figures import samples, value

STRANGE = [
    {"REMOTE_ADDR": "203.0.113.9"},
    {"REMOTE_ADDR": "::ffff:203.0.113.9"},
    {"REMOTE_ADDR": ""},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_X_REAL_IP": "127.0.0.1"},
    {"HTTP_FORWARDED": "for=127.0.0.1"},
]


@pytest.mark.roadmap("observability/prometheus-and-grafana")
@pytest.mark.parametrize("host", ["testserver", "172.18.0.5:8000"])
def test_prometheus_reads_the_page_whatever_it_calls_the_host(db: None, client: Client, host: str) -> None:
    answer = client.get("/metrics", HTTP_HOST=host, REMOTE_ADDR="127.0.0.1")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert value(answer.content.decode(), "shop_processes") == 1


@pytest.mark.roadmap("security/security-misconfiguration")
@pytest.mark.parametrize("strange", STRANGE, ids=str)
def test_stranger_finds_nothing_there(db: None, client: Client, strange: dict[str, Any]) -> None:
    answer = client.get("/metrics", **strange)

    assert answer.status_code == 404
    assert b"shop_" not in answer.content


def test_page_is_only_read(db: None, client: Client) -> None:
    assert client.post("/metrics").status_code == 404


def test_looking_is_not_counted(db: None, client: Client) -> None:
    first, again = (client.get("/metrics").content.decode() for _ in range(2))

    assert value(first, "shop_http_requests_total") == value(again, "shop_http_requests_total")


@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_process_without_http_shows_its_own_figures_on_a_port(settings: Any) -> None:
    settings.METRICS_PORT = free = free_port()
    running = server.start()
    try:
        page = urllib.request.urlopen(f"http://127.0.0.1:{free}/metrics").read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{free}/")
        assert server.start() is None  # the port is taken: a warning, and the worker works on
    finally:
        assert running
        running.shutdown()
        running.server_close()

    assert "shop_host_cpu_seconds_total" in {name for name, _ in samples(page)}
    assert "shop_outbox_dead_messages" not in page  # the shop's books are told by the web alone


def test_without_a_port_nothing_listens(settings: Any) -> None:
    settings.METRICS_PORT = 0

    assert server.start() is None
