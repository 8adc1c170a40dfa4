"""A real Prometheus reads an order from the page, and delivers one alert to whoever is named to hear of it."""

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from config.metrics import exposition
from deploy.embedded.ports import free_port
from orders import figures
from tests.config.metrics.test_machine import machine
from tests.races.rivals import until

ROOT = Path(__file__).parents[2]
SOON = 60
pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")


class Exchange(BaseHTTPRequestHandler):
    """Shows the page of a machine with a nearly full disk, and takes alerts as an Alertmanager would."""

    heard: list[dict[str, Any]]

    def do_GET(self) -> None:
        """The page."""
        body = exposition.page([machine(free=50)])
        self.send_response(200)
        self.send_header("Content-Type", exposition.CONTENT_TYPE)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """An alert."""
        self.heard += json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def exchange() -> Iterator[ThreadingHTTPServer]:
    Exchange.heard = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(tmp_path: Path, exchange: ThreadingHTTPServer) -> Iterator[Callable[[str], float]]:
    """`ask(promql)` of a Prometheus that looks every second; our rules, with a tenth of a minute for each minute."""
    rules = (ROOT / "deploy/prometheus/rules/alerts.yml").read_text("utf-8").replace("for: 5m", "for: 1s")
    (tmp_path / "alerts.yml").write_text(rules)
    target, port = {"targets": [f"127.0.0.1:{exchange.server_port}"]}, free_port()
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(tmp_path / "alerts.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [target]}]},
        "scrape_configs": [{"job_name": "web", "static_configs": [target]}],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    command = ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=log, stdout=log)
    yield lambda promql: answer(port, promql)
    process.terminate()
    process.wait(20)


def answer(port: int, promql: str) -> float:
    """The first value; -1 while there is none."""
    time.sleep(0.2)
    try:
        url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': promql})}"
        found = json.load(urllib.request.urlopen(url, timeout=5))["data"]["result"]
    except OSError:
        return -1  # it is still starting
    return float(found[0]["value"][1]) if found else -1


@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_prometheus_reads_an_order_from_the_page(ask: Callable[[str], float]) -> None:
    asked = 'shop_order_events_total{event="OrderStarred"}'
    figures.EVENTS.labels("OrderStarred").inc()
    until(lambda: ask(asked) > 0, seconds=SOON)
    before = ask(asked)

    figures.EVENTS.labels("OrderStarred").inc()

    until(lambda: ask(asked) == before + 1, seconds=SOON)


@pytest.mark.roadmap("observability/alerting")
def test_alert_reaches_whoever_is_named_to_hear_of_it(ask: Callable[[str], float]) -> None:
    began = time.monotonic()

    def told() -> list[dict[str, Any]]:  # of each mount, in any order
        labels = {"alertname": "DiskNearlyFull", "mount": "root"}
        return [alert for alert in Exchange.heard if labels.items() <= alert["labels"].items()]

    until(lambda: bool(told()), seconds=SOON)

    heard = told()[0]
    assert heard["labels"]["severity"] == "page"
    assert heard["annotations"]["runbook_url"] == "docs/runbooks/machine.md"
    assert time.monotonic() - began < SOON
