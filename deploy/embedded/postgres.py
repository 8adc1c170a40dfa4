"""Start and stop one PostgreSQL 18 in a folder, whatever the last one left behind.

    answers with our password? ─no─► make the folder ─► forget a dead server's id ─► start ─► answers? ─► role, database

It listens on 127.0.0.1 only, asks for a scram password, and keeps its files in `<directory>/postgres`. It refuses to
run on data of another major version.

Roadmap: databases/postgresql, databases/backup-and-operations
"""

import signal
import time
from pathlib import Path

import psycopg

from deploy.embedded.binaries import postgres_program
from deploy.embedded.cluster import connect, create, furnish
from deploy.embedded.errors import ServerTrouble
from deploy.embedded.identity import Identity, identity_for
from deploy.embedded.ports import LOOPBACK, becomes_free, free_port
from deploy.embedded.processes import command_of, detach, end, last_words, wait_until
from deploy.embedded.state import State

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # 2 web processes, workers, relay, and a test suite in parallel
    "wal_level": "logical",  # replicas and change capture without a restart
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Safe when the server is killed, lost when the machine loses power. `synchronous_commit` stays on: without it a killed
# server forgets commits it has answered for, and a crash test would blame the shop.
DISPOSABLE = {"fsync": "off", "full_page_writes": "off"}
# Children of a killed server are still leaving; or the chosen port went to somebody else.
WORTH_ANOTHER_TRY = ("is still in use", "Address already in use")
START_SECONDS = 60.0
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}


def start(directory: Path, state: State, *, keep_port: bool = False) -> None:
    """Idempotent: returns at once if ours answers. Changes (and saves) the port if a stranger has taken it."""
    home = directory / "postgres"
    if not is_answering(state):
        home.mkdir(exist_ok=True)
        identity = identity_for(postgres_program("postgres"), home)
        create(home, state, identity)
        _start_until_answering(directory, state, identity, keep_port)
    furnish(state)


def stop(directory: Path, mode: str = "fast") -> None:
    """End the server if it is ours and alive. `immediate` and `kill` are crashes: the next start recovers."""
    pid = running_pid(directory / "postgres" / "data")
    if pid:
        end(pid, STOP_SIGNALS[mode])


def running_pid(data: Path) -> int:
    """The process id of the server on this folder, else 0; a stranger that reuses the noted id is not it."""
    try:
        pid = int(data.joinpath("postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pid if f"-D {data} " in command_of(pid) else 0


def is_answering(state: State) -> bool:
    """A login with our own password: neither a process id nor an open port would prove whose server it is."""
    if not state.postgres_port:
        return False
    try:
        connect(state, patience=2).close()  # a stranger on our port may accept and then say nothing
    except psycopg.OperationalError:
        return False
    return True


def _start_until_answering(directory: Path, state: State, identity: Identity, keep_port: bool) -> None:
    data, log = directory / "postgres" / "data", directory / "postgres" / "server.log"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid = running_pid(data)
        if not pid:
            # PostgreSQL would trust a noted id that is alive, be it a zombie or a stranger. It still looks for the dead
            # server's children itself (by its shared memory) and refuses to start beside them.
            data.joinpath("postmaster.pid").unlink(missing_ok=True)
            _choose_port(directory, state, keep_port)
            pid = detach(_command(data, state), log, identity)
        _wait_for(pid, state, deadline)
        if is_answering(state):
            return
        if command_of(pid) or not any(reason in last_words(log) for reason in WORTH_ANOTHER_TRY):
            break
        time.sleep(0.1)
    raise ServerTrouble(f"PostgreSQL does not start in {data}. Its last words, from {log}:\n{last_words(log)}")


def _wait_for(pid: int, state: State, deadline: float) -> None:
    wait_until(lambda: is_answering(state) or not command_of(pid), deadline - time.monotonic())


def _choose_port(directory: Path, state: State, keep_port: bool) -> None:
    if state.postgres_port and becomes_free(state.postgres_port):
        return
    if state.postgres_port and keep_port:
        raise ServerTrouble(f"Port {state.postgres_port}, where PostgreSQL was, has been taken by another program.")
    state.postgres_port = free_port()
    state.save(directory)  # before the start: if we die now, the next starter knows where to look


def _command(data: Path, state: State) -> list[str]:
    settings = SETTINGS if state.durable else SETTINGS | DISPOSABLE
    pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(postgres_program("postgres")), "-D", str(data), "-p", str(state.postgres_port), *pairs]
