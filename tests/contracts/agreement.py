"""A contract as Pact keeps it: what a consumer needs of a provider, recorded by the consumer's tests, checked in under
`docs/api/pacts/`, and held against the real provider.

    consumer's code ─► Pact's mock ─► the file ─► Pact's verifier ─► provider, brought into the state that is given

Roadmap: testing/contract-tests
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from pact import Pact, Verifier

PACTS = Path(__file__).resolve().parents[2] / "docs" / "api" / "pacts"
States = Mapping[str, Callable[[], object]]


def needs(pact: Pact, folder: Path) -> tuple[list[Any], list[Any]]:
    """What the consumer's tests have just said that it needs, and what the checked-in file says."""
    pact.write_file(folder, overwrite=True)
    name = f"{pact.consumer}-{pact.provider}.json"
    return _interactions(folder / name), _interactions(PACTS / name)


def _interactions(file: Path) -> list[Any]:
    found: list[Any] = json.loads(file.read_text("utf-8"))["interactions"]
    return sorted(found, key=lambda interaction: interaction["description"])


def verify(provider: str, file: str, url: str, states: States, headers: Mapping[str, str]) -> None:
    """Ask the provider everything that the file asks; raise with what it says unless every answer holds."""
    port = int(url.rpartition(":")[2])
    verifier = Verifier(provider, host="127.0.0.1").add_transport(protocol="http", port=port, path="")
    verifier.add_source(PACTS / file).set_request_timeout(30_000).set_coloured_output(enabled=False)
    verifier.add_custom_headers(dict(headers))
    with serving(_stagehand(states)) as stage:
        try:
            verifier.state_handler(stage, body=True).verify()
        except RuntimeError as broken:
            raise AssertionError(verifier.output(strip_ansi=True)) from broken


def _stagehand(states: States) -> type[BaseHTTPRequestHandler]:
    """Brings the provider into the state that Pact asks for; Pact's own server leaves its socket open."""

    class Stagehand(Quiet):
        def do_POST(self) -> None:
            wanted = json.loads(self.body())["state"]
            if wanted:
                states[wanted]()
            self.say(200, "application/json", b"{}")

    return Stagehand


def renaming(url: str, old: str, new: str) -> AbstractContextManager[str]:
    """A provider whose next version calls a field something else: all that it says goes through here."""

    class Mouth(Quiet):
        def answer(self) -> None:
            heard = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
            said = httpx.request(self.command, url + self.path, content=self.body(), headers=heard, timeout=30)
            changed = said.content.replace(f'"{old}":'.encode(), f'"{new}":'.encode())
            self.say(said.status_code, said.headers.get("Content-Type", ""), changed)

        do_GET = do_POST = answer  # noqa: N815 - http.server calls them so

    return serving(Mouth)


class Quiet(BaseHTTPRequestHandler):
    """Reads a body, says one, and writes no log."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer on a port of its own for as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
