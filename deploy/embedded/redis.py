"""Start and stop one Redis in a folder: a real server where there is one, an imitation in Python where not.

It listens on 127.0.0.1 only and asks for a password: a Redis without one lets every account of the machine write files
as the account that runs it. Every write is appended to a file, so that queued tasks survive a kill.

Roadmap: nosql/redis, nosql/redis-persistence-and-clustering
"""

import signal
import socket
import sys
from pathlib import Path

from deploy.embedded.binaries import redis_program
from deploy.embedded.errors import ServerTrouble
from deploy.embedded.identity import identity_for
from deploy.embedded.ports import LOOPBACK, becomes_free, free_port
from deploy.embedded.processes import command_of, detach, end, last_words, wait_until
from deploy.embedded.state import State

START_SECONDS = 30.0
STOP_SIGNALS = {"clean": signal.SIGTERM, "kill": signal.SIGKILL}
IMITATION = Path(__file__).with_name("fake_redis.py")
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{home}"
pidfile "{home}/server.pid"
logfile ""
daemonize no
# Tasks wait in here, so nothing may be evicted, and a kill may cost at most the last second.
maxmemory-policy noeviction
appendonly yes
appendfsync {appendfsync}
save ""
"""


def start(directory: Path, state: State, *, keep_port: bool = False) -> None:
    """Idempotent: returns at once if ours answers. Changes (and saves) the port if a stranger has taken it."""
    home = directory / "redis"
    for _attempt in range(5):
        if _is_ours(home, state):
            _wait_until_answering(home, state)
            return
        home.mkdir(exist_ok=True)
        _choose_port(directory, state, keep_port)
        _wait_for(_launch(home, state), home, state)
    words = last_words(home / "server.log")
    raise ServerTrouble(f"Redis does not start in {home}. Its last words, from {home / 'server.log'}:\n{words}")


def _wait_for(pid: int, home: Path, state: State) -> None:
    """Until it has noted its process id, or has ended (its port was taken in between)."""
    wait_until(lambda: _is_ours(home, state) or not command_of(pid), START_SECONDS)


def stop(directory: Path, mode: str = "clean") -> None:
    """End the server if it is ours and alive. `kill` is a crash: up to a second of writes may be lost."""
    state = State.load(directory)
    pid = _noted_pid(directory / "redis")
    if pid and str(state.redis_port) in command_of(pid):
        end(pid, STOP_SIGNALS[mode], seconds=10.0)


def password_of(state: State) -> str:
    """The imitation knows no passwords and refuses a client that sends one."""
    return state.redis_password if redis_program() else ""


def _launch(home: Path, state: State) -> int:
    program = redis_program()
    identity = identity_for(program or Path(sys.executable), home)
    file = home / "redis.conf"
    fill = {"host": LOOPBACK, "port": state.redis_port, "home": home, "password": state.redis_password}
    identity.write_secret(file, CONFIGURATION.format(appendfsync="everysec" if state.durable else "no", **fill))
    # -P: else this folder comes first on its import path, and our redis.py hides the real one.
    imitation = [sys.executable, "-P", str(IMITATION), str(state.redis_port), str(home / "server.pid")]
    return detach([str(program), str(file)] if program else imitation, home / "server.log", identity)


def _noted_pid(home: Path) -> int:
    try:
        return int(home.joinpath("server.pid").read_text())
    except (OSError, ValueError):
        return 0


def _is_ours(home: Path, state: State) -> bool:
    """Redis shows its port in its command line, so a reused process id is told apart."""
    return bool(state.redis_port) and f"{state.redis_port}" in command_of(_noted_pid(home))


def is_answering(state: State) -> bool:
    """A PING with our own password: an open port would not prove whose server it is. `-LOADING` is no answer yet."""
    if not state.redis_port:
        return False
    password = password_of(state)
    questions = [f"AUTH {password}", "PING"] if password else ["PING"]
    try:
        with socket.create_connection((LOOPBACK, state.redis_port), timeout=2) as line, line.makefile("rwb") as wire:
            wire.write("".join(f"{question}\r\n" for question in questions).encode())
            wire.flush()
            return [wire.readline() for _ in questions][-1] == b"+PONG\r\n"
    except OSError:
        return False


def _wait_until_answering(home: Path, state: State) -> None:
    if not wait_until(lambda: is_answering(state), START_SECONDS):
        raise ServerTrouble(f"Redis runs but does not answer on port {state.redis_port}; see {home / 'server.log'}.")


def _choose_port(directory: Path, state: State, keep_port: bool) -> None:
    if state.redis_port and becomes_free(state.redis_port):
        return
    if keep_port and state.redis_port:
        raise ServerTrouble(f"Port {state.redis_port}, where Redis was, has been taken by another program.")
    state.redis_port = free_port()
    state.save(directory)
