"""Ask about, end and detach operating-system processes without trusting a bare process id.

An id found in a file may belong to nobody, to a zombie (a killed server that its parent never reaped: usual in
containers whose first process is no init) or, reused, to a stranger. So an id counts only with its command line.

Roadmap: foundations/processes-and-threads
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.embedded.identity import Identity

# The shell forks the server and leaves: the server's parent is then init, never the test or the demo that asked for
# it, so it cannot become a zombie of ours. The new session keeps Ctrl-C in the terminal away from it.
DETACH = '"$@" </dev/null >>"$0" 2>&1 & echo $!'


def command_of(pid: int) -> str:
    """The command line of a live process; empty if there is none or only a zombie is left."""
    proc = Path("/proc", str(pid))
    if not Path("/proc/self").exists():
        return _command_by_ps(pid)
    try:
        state = proc.joinpath("stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        command = proc.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return "" if state in "ZX" else command or "?"  # a live process has no command line for an instant, in exec
    except OSError:
        return ""


def _command_by_ps(pid: int) -> str:
    """macOS has no /proc."""
    answer = subprocess.run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True)
    state, _, command = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command


def detach(command: Sequence[str], log: Path, identity: Identity) -> int:
    """Start a server that outlives this process, its output appended to the log; returns its process id."""
    line = ["/bin/sh", "-c", DETACH, str(log), *identity.prefix, *command]
    answer = subprocess.run(
        line, stdout=subprocess.PIPE, text=True, check=True, start_new_session=True, cwd="/", **identity.credentials()
    )
    return int(answer.stdout)


def last_words(log: Path, lines: int = 6) -> str:
    """The end of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(nothing)"


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds; False if it still does not after the given time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, signum: int, *, seconds: float = 30.0) -> None:
    """Send the signal and wait for the process to end; SIGKILL once the patience is used up."""
    for step in (signum, signal.SIGKILL):
        try:
            os.kill(pid, step)
        except ProcessLookupError:
            return
        if wait_until(lambda: not command_of(pid), seconds):
            return
