"""Free TCP ports on the loopback interface.

Never from the kernel's ephemeral range: a client that reconnects to a stopped server on such a port
may be given that very port as its own source port, connect to itself, and keep the server from coming back.

Roadmap: foundations/tcp-vs-udp
"""

import socket
from secrets import choice

from deploy.embedded.processes import wait_until

LOOPBACK = "127.0.0.1"
BELOW_EPHEMERAL = range(20_000, 32_000)  # Linux hands out 32768-60999, macOS and Windows 49152-65535


def is_free(port: int) -> bool:
    """True if a server could listen on the port now; somebody may still take it a moment later."""
    with socket.socket() as caller:  # macOS lets us bind beside a server that listens on all addresses
        if caller.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT does not count
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def becomes_free(port: int) -> bool:
    """As `is_free`, for a server's own old port: a killed process is gone a moment before its sockets are."""
    return wait_until(lambda: is_free(port), 1)


def free_port() -> int:
    """A port nobody listens on. Random, so that racing starters rarely choose the same one.

    From the system's randomness: `random` is seeded alike in each process of a parallel test run, and two starters that
    draw the same numbers choose the same ports every time.
    """
    return next(port for port in iter(lambda: choice(BELOW_EPHEMERAL), 0) if is_free(port))
