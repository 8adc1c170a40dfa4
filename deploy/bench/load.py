"""Buyers who press without a pause: each sends its next request as soon as the last one is answered.

    requests ─► N kept-open sockets, one thread, one selector ─► Tally: right answers, times, what went wrong

Plain sockets and prepared bytes, because the load shares the processors with what it measures: a request costs here
some 30 µs, where a client library takes ten times that and would measure itself.

Roadmap: testing/load-and-stress-tests, foundations/http-clients, foundations/tcp-vs-udp
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from deploy.embedded.ports import LOOPBACK

PATIENCE = 30.0
#: A connection changes after so many requests, as behind a proxy: else eight of them may all stay with one worker.
REQUESTS_PER_CONNECTION = 50


@dataclass
class Tally:
    """What came back: seconds of each right answer within the time, and how many came later; `wrong` counts other
    statuses and broken connections.
    """

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    late: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def against(self, other: "Tally") -> float:
        """How much of the other's rate this one is; 0 if the other was answered nothing in its time."""
        return self.per_second / other.per_second if other.per_second else 0.0

    def percentile(self, percent: float) -> float:
        """In milliseconds; 0 if there were no right answers."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000 if ordered else 0.0


class Caller:
    """One kept-open connection that waits for at most one answer."""

    def __init__(self, port: int, ready: selectors.BaseSelector) -> None:
        self.port, self.ready = port, ready
        self.sent_at, self.received, self.count = 0.0, b"", 0
        self.socket: socket.socket | None = None

    def send(self, request: bytes) -> None:
        """Raises OSError if the server cannot be reached."""
        if self.socket is None or self.count == REQUESTS_PER_CONNECTION:
            self.hang_up()
            self.socket = socket.create_connection((LOOPBACK, self.port), PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ready.register(self.socket, selectors.EVENT_READ, self)
        self.count, self.received, self.sent_at = self.count + 1, b"", time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Return the status once the answer is complete. Raises OSError if the connection ends before."""
        assert self.socket
        if not (chunk := self.socket.recv(262_144)):
            raise ConnectionResetError("closed")
        self.received += chunk
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < length_of(head):
            return None
        if b"connection: close" in head.lower():
            self.hang_up()
        return int(head[9:12])

    def hang_up(self) -> None:
        if self.socket is not None:
            self.ready.unregister(self.socket)
            self.socket.close()
        self.socket, self.count = None, 0


def length_of(head: bytes) -> int:
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0])


class Load:
    """Some callers against one port until the time is up or the requests are used up."""

    def __init__(self, port: int, requests: Iterable[bytes], *, clients: int, seconds: float, right: int) -> None:
        self.requests, self.right, self.seconds = iter(requests), right, seconds
        self.ready = selectors.DefaultSelector()
        self.callers = [Caller(port, self.ready) for _ in range(clients)]
        self.tally, self.waiting = Tally(), 0

    def run(self) -> Tally:
        """Answers that come after the time are waited for, but not counted."""
        began = time.perf_counter()
        self.deadline = began + self.seconds
        for caller in self.callers:
            self.next(caller)
        while self.waiting and (events := self.ready.select(PATIENCE)):
            for key, _ in events:
                self.take(key.data)
            self.tally.seconds = min(time.perf_counter(), self.deadline) - began
        if self.waiting:
            self.tally.wrong["no answer"] += self.waiting
        for caller in self.callers:
            caller.hang_up()
        self.ready.close()
        return self.tally

    def next(self, caller: Caller) -> None:
        if time.perf_counter() >= self.deadline or (request := next(self.requests, None)) is None:
            return
        try:
            caller.send(request)
            self.waiting += 1
        except OSError:
            self.tally.wrong["not reached"] += 1
            caller.hang_up()

    def take(self, caller: Caller) -> None:
        try:
            status = caller.receive()
        except OSError:
            status = 0
            caller.hang_up()
        if status is None:
            return
        self.waiting -= 1
        now = time.perf_counter()
        if status != self.right:
            self.tally.wrong[str(status) if status else "cut off"] += 1
        elif now <= self.deadline:
            self.tally.times.append(now - caller.sent_at)
        else:
            self.tally.late += 1
        self.next(caller)


def press(port: int, requests: Iterable[bytes], *, clients: int, seconds: float, right: int = 201) -> Tally:
    """Put the load on the port and return what came back."""
    return Load(port, requests, clients=clients, seconds=seconds, right=right).run()


def post(path: str, body: bytes, headers: Iterable[str] = ()) -> bytes:
    """The bytes of one POST with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", "Accept: application/json"]
    return "\r\n".join([*lines, *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


def get(path: str, headers: Iterable[str] = ()) -> bytes:
    """The bytes of one GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def forever(request: bytes) -> Iterator[bytes]:
    """The same again and again."""
    while True:
        yield request
