"""A merchant's server on this machine, which answers as it is told and remembers what it was sent."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Call(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[BaseHTTPRequestHandler], None]


def says(status: int, said: bytes = b"", **headers: str) -> Answer:
    """An honest answer."""

    def answer(line: BaseHTTPRequestHandler) -> None:
        line.send_response(status)
        for name, value in {"Content-Length": str(len(said)), **headers}.items():
            line.send_header(name, value)
        line.end_headers()
        line.wfile.write(said)

    return answer


def drips(line: BaseHTTPRequestHandler) -> None:
    """A byte of the headers now and then, each before anybody's patience with a single read ends."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
        line.wfile.write(bytes([byte]))
        line.wfile.flush()
        time.sleep(0.05)


def pours(line: BaseHTTPRequestHandler) -> None:
    """No length, no end."""
    line.send_response(200)
    line.end_headers()
    for _ in range(20_000):
        line.wfile.write(b"x" * 10_000)


class Receiver:
    """Where it is, what it answers next, and what it was sent."""

    def __init__(self, port: int, *, scheme: str = "http") -> None:
        self.port, self.url = port, f"{scheme}://127.0.0.1:{port}/hook?shop=1"
        self.answer: Answer = says(204)
        self.calls: list[Call] = []


@contextmanager
def receiver(*, certificate: str = "") -> Iterator[Receiver]:
    """Run one; with a certificate (a PEM file with its key) behind TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            made.calls.append(Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            try:
                made.answer(self)
            except OSError:  # the shop has hung up
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        made = Receiver(server.server_port, scheme="https" if certificate else "http")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        server.shutdown()
