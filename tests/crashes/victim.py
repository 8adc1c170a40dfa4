"""Processes that run the shop's own code up to a named step and die there by SIGKILL.

    python -m tests.crashes.victim       reads batches of jobs, a line of JSON each; ends when its standard input does

    batch ─► fork per job ─► a buyer, a cart, what the step needs first ─► lie in wait ─► act ─► †
                                       └── tells who it is                        └── returns: the step was not reached

Everything is imported once and no connection is open before the fork, so a victim costs milliseconds, and yet is a
process of its own: its connections die with it. The rest of the shop runs on around it, and picks up what it leaves.
"""

import json
import os
import signal
import sys
import time
from typing import Any

import django

django.setup()

from tests.crashes import plays  # noqa: E402 - models can be imported only now
from tests.crashes.steps import GUEST, STEPS, WRONG  # noqa: E402

AT_ONCE = 4
RIVALS = {"buy", "relay", "mail", "worker", "capture", "together", "void", "refund", "hear", "unboxed"}
NOT_REACHED = 7


def run_batch(jobs: list[dict[str, Any]], report: int) -> None:
    """Fork each job and report each death with its moment; the live relay's rivals one by one, the others together."""
    running: dict[int, dict[str, Any]] = {}
    for job in sorted(jobs, key=lambda job: not is_rival(job)):
        while len(running) >= (1 if is_rival(job) else AT_ONCE):
            bury_one(running, report)
        child = os.fork()
        if child == 0:
            live(job, report)
        running[child] = job
    while running:
        bury_one(running, report)


def is_rival(job: dict[str, Any]) -> bool:
    """Whether the live relay and worker would do its work, and often faster: it has the relay hold its breath."""
    return job["step"].partition(":")[0] in RIVALS


def bury_one(running: dict[int, dict[str, Any]], report: int) -> None:
    """Whoever dies next; the relay breathes again."""
    child, status = os.wait()
    job = running.pop(child)
    os.kill(job["relay"], signal.SIGCONT)
    tell(report, {"died": job["victim"], "signal": os.WTERMSIG(status), "at": time.time()})


def tell(report: int, words: dict[str, Any]) -> None:
    """One line, short enough to be written whole however many write at once."""
    os.write(report, json.dumps(words).encode() + b"\n")


def live(job: dict[str, Any], report: int) -> None:
    """Never returns. Exits with NOT_REACHED when the code ran past the step, as when the live shop was faster."""
    try:
        step = next(step for step in [*STEPS, *WRONG, GUEST] if step.name == job["step"])
        plays.perform(step, job["victim"], lambda words: tell(report, words), job["relay"])
    except BaseException as failure:
        print(job["victim"], job["step"], repr(failure), file=sys.stderr, flush=True)
    os._exit(NOT_REACHED)


def main() -> None:
    report = os.dup(1)
    os.dup2(2, 1)  # Celery greets on standard output
    plays.warm_up()
    tell(report, {"ready": os.getpid()})
    for line in sys.stdin:
        run_batch(json.loads(line), report)
        tell(report, {"over": True})


if __name__ == "__main__":
    main()
