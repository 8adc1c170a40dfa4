"""The provider as the shop meets it: a process behind a port, and a listener that stands where the shop would.

Roadmap: testing/external-api-integration-tests
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import stripe

ROOT = Path(__file__).parents[3]
KEY = "sk_test_roadmap"
SECRET = "whsec_roadmap"


class Neighbour:
    """One provider with its book in `folder`; may be killed and started again on the same port and the same book."""

    def __init__(self, folder: Path, **environ: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        book = {"PROVIDER_DATABASE_URL": f"sqlite:///{folder / 'book.sqlite3'}", "PROVIDER_API_KEY": KEY}
        self.environ = {**os.environ, **book, "WEBHOOK_SECRET": SECRET, **environ}
        self.http = httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {KEY}"}, timeout=15)

    def start(self) -> "Neighbour":
        app = "deploy.payment_provider.app:create_app"
        command = [sys.executable, "-m", "uvicorn", app, "--factory", "--port", str(self.port), "--no-access-log"]
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        eventually(self.is_up, seconds=60)
        return self

    def is_up(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log.txt").read_text()
        try:
            return self.http.get("/_health").is_success
        except httpx.TransportError:
            return False

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Seconds until the process was gone."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - begun

    def turn(self, **faults: Any) -> None:
        self.http.put("/_faults", json=faults).raise_for_status()

    def let_a_day_pass(self) -> None:
        """For the idempotency keys: their answers are a day older now."""
        with closing(sqlite3.connect(self.folder / "book.sqlite3", timeout=10)) as book, book:
            book.execute("UPDATE saved_answers SET created = created - 86401")

    def ledger(self) -> list[dict[str, Any]]:
        return self.http.get("/_ledger").json()

    def post(self, path: str, *, key: str | None = None, timeout: float = 15, **form: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post(f"/v1/{path}", data=form, headers=headers, timeout=timeout)

    def hold(self, *, key: str | None = None, card: str = "pm_card_visa", **form: Any) -> httpx.Response:
        order = {"amount": 4200, "currency": "eur", "confirm": "true", "capture_method": "manual"}
        return self.post("payment_intents", key=key, **{**order, "payment_method": card, **form})

    @contextmanager
    def client(self, **options: Any) -> Iterator[stripe.StripeClient]:
        """The official client, pointed here; it retries nothing unless told to."""
        http = stripe.RequestsClient(timeout=15)
        options = {"max_network_retries": 0, "base_addresses": {"api": self.base}, **options}
        yield stripe.StripeClient(options.pop("key", KEY), http_client=http, **options)
        http.close()


class Heard(NamedTuple):
    at: float
    signature: str
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


class Listener:
    """Takes webhooks and answers each as `answer` says (200 unless told otherwise)."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], int] = lambda heard: 200
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._ear())
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def _ear(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Ear(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    return  # the provider was killed in the middle of a word
                heard = Heard(time.time(), self.headers["Stripe-Signature"], body)
                listener.heard.append(heard)
                self.send_response(listener.answer(heard))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

            def handle(self) -> None:
                with suppress(ConnectionResetError):  # the provider was killed with its connections open
                    super().handle()

        return Ear

    def types(self) -> list[str]:
        return [heard.event["type"].removeprefix("payment_intent.") for heard in self.heard]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def eventually(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
