"""`manage.py audit` and `manage.py document`: what they print, and when they fail."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from config.audit import promises
from config.management.commands.document import problems_page
from orders import payments
from orders.models import OutboxMessage
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def provider_shows(settings: Any) -> Iterator[list[dict[str, Any]]]:
    """A provider that shows this book, empty at first."""
    book: list[dict[str, Any]] = []

    class Backstage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/_ledger" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(book).encode())

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Backstage) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        settings.PAYMENT_API_BASE = f"http://127.0.0.1:{server.server_port}"
        yield book
        server.shutdown()
        thread.join()


def test_audit_names_every_promise(db: None, capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.PAYMENT_API_BASE = ""

    call_command("audit", "--at-rest")

    *held, unseen = capsys.readouterr().out.splitlines()[: len(promises(at_rest=True)) + 1]
    assert [line.removeprefix("holds   ") for line in held] == list(promises(at_rest=True))
    assert unseen.startswith("unseen  P1")


def test_audit_fails_naming_what_is_broken(alice: User, capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.PAYMENT_API_BASE = ""
    order = ordered(alice, FakeGateway())

    with pytest.raises(CommandError, match=rf"R3 .*number={order.number}"):
        call_command("audit", "--at-rest")

    assert "BROKEN  R3" in capsys.readouterr().out


def test_audit_holds_our_book_against_the_providers(
    alice: User, gateway: FakeGateway, provider_shows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    order = ordered(alice, gateway)
    payments.capture(order.pk, gateway=gateway)
    OutboxMessage.objects.update(done_at="2026-01-01T00:00:00Z")
    taken = {"status": "succeeded", "amount": 2560, "currency": "eur", "metadata": {"payment": str(order.payment.pk)}}

    with pytest.raises(CommandError, match=r"P1 .*the provider took nothing"):
        call_command("audit", "--at-rest")
    provider_shows.append(taken)
    call_command("audit", "--at-rest")

    assert capsys.readouterr().out.splitlines()[-1].startswith("holds   P1")


def test_audit_says_so_when_the_provider_does_not_show_its_book(db: None, settings: Any) -> None:
    settings.PAYMENT_API_BASE = "http://127.0.0.1:1"

    with pytest.raises(CommandError, match="does not show its book"):
        call_command("audit")


@pytest.mark.roadmap("workflow/documentation")
def test_document_writes_what_the_code_says(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs" / "api").mkdir(parents=True)

    call_command("document", verbosity=0)

    names = ("problems.md", "access-matrix.md", "er-diagram.md", "metrics.md", "api/schema.graphql")
    for name in (*(f"docs/{name}" for name in names), ".env.example"):
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), "`make schema` writes it anew"
    assert (tmp_path / "docs" / "problems.md").read_text() == problems_page()
