"""A running shop, a mail server that remembers, and a foundry of victims: what every crash test needs.

with open_crash_shop(folder) as shop:
    cases = shop.kill_at(STEPS)          # each step once, in processes that are gone afterwards
    shop.wait_for_rest()                 # workers, beat and relay run on, and repair

Roadmap: testing/message-queue-integration-tests
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from deploy.demo.shopper import Shopper
from deploy.embedded.ports import free_port
from deploy.local.stack import Stack, stack
from tests.crashes.steps import GUEST, Step

ROOT = Path(__file__).resolve().parents[2]
#: A victim may be refused for an honest reason, as while the circuit breaker is open. So often in a row is no accident.
TRIES = 3
UNSETTLED = """
SELECT (SELECT count(*) FROM orders_order WHERE status = 'pending')
     + (SELECT count(*) FROM orders_outboxmessage WHERE done_at IS NULL AND dead_at IS NULL)
"""


@dataclass
class Case:
    """One process that died at one step, and the buyer whose purchase it was."""

    step: Step
    victim: str
    buyer: int
    token: str
    died_at: float
    retried: bool = False


class CrashShop:
    """The shop with its victims and its mail ledger."""

    def __init__(self, shop: Stack, ledger: Path, foundry: subprocess.Popen[str]) -> None:
        self.stack, self._ledger, self._foundry = shop, ledger, foundry

    def kill_at(self, steps: Iterable[Step]) -> list[Case]:
        """Kill one process at each step, relays first: they take every message that is due, whoever's it is."""
        left, cases = sorted(steps, key=lambda step: step.play != "relay"), []
        for _ in range(TRIES):
            dead = self._run(left)
            cases += dead
            left = list((Counter(left) - Counter(case.step for case in dead)).elements())
            if not left:
                return cases
        raise AssertionError(
            f"never reached: {[step.name for step in left]}; see {self.stack.directory}/log/victims.log"
        )

    def admit(self, count: int, *, prefix: str = "") -> list[Case]:
        """Let in so many buyers with full carts who do not die; to some prefixes the mail server is rude."""
        return self._run([GUEST] * count, prefix)

    def _run(self, steps: list[Step], prefix: str = "") -> list[Case]:
        """A guest's time of death is the moment in which its process went home."""
        jobs = {prefix + uuid4().hex: step for step in steps}
        relay = self.stack["relay"].pid
        batch = [{"victim": name, "step": step.name, "relay": relay} for name, step in jobs.items()]
        assert self._foundry.stdin
        self._foundry.stdin.write(json.dumps(batch) + "\n")
        self._foundry.stdin.flush()
        born, died = {}, {}
        while not (words := self._hear()).get("over"):
            born |= {words["born"]: words} if "born" in words else {}
            died |= {words["died"]: words} if words.get("died") in born and _is_dead(jobs, words) else {}
        return [Case(jobs[name], name, born[name]["buyer"], born[name]["token"], died[name]["at"]) for name in died]

    def _hear(self) -> dict[str, Any]:
        assert self._foundry.stdout
        return dict(json.loads(self._foundry.stdout.readline()))

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look into the shop's books, past its code."""
        with psycopg.connect(self.stack.env["DATABASE_URL"], autocommit=True) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def shopper(self, case: Case) -> Shopper:
        """The buyer's own browser, logged in, the cart as it is."""
        browser = Shopper(self.stack.url)
        browser.http.headers["Authorization"] = f"Bearer {case.token}"
        return browser

    def sell(self, case: Case) -> str:
        """Have the buyer press the button over HTTP; return the order's number."""
        browser = self.shopper(case)
        answer = browser.buy().raise_for_status()
        browser.close()
        return str(answer.json()["number"])

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that the mail server has taken."""
        return [json.loads(line) for line in self._ledger.read_text().splitlines()]

    def wait_for_rest(self, *, seconds: float = 60) -> None:
        """Until nothing is pending and every message is worked on, or the time is up: then the auditor will say so."""
        deadline = time.monotonic() + seconds
        while self.rows(UNSETTLED) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.25)


def _is_dead(jobs: dict[str, Step], words: dict[str, Any]) -> bool:
    return words["signal"] == signal.SIGKILL or jobs[words["died"]] is GUEST


@contextmanager
def open_crash_shop(directory: Path, env: Mapping[str, str] | None = None) -> Iterator[CrashShop]:
    """Everything runs on the defaults of the shop; only its mails go to our mail server, which is quick."""
    port, ledger = free_port(), directory / "mails.jsonl"
    directory.mkdir(parents=True)
    ledger.touch()
    letterbox = [sys.executable, "-m", "tests.crashes.letterbox", str(port), str(ledger)]
    # A claim on a letter outlives its worker by as much as the mail server may take: not ten minutes here.
    mails = {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "MAIL_TIMEOUT_SECONDS": "10"}
    with (
        companion(letterbox, None, directory / "letterbox.log"),
        stack(directory, durable=False, prepare=[["migrate", "--verbosity", "0"]], env=mails | dict(env or {})) as shop,
        companion(
            [sys.executable, "-m", "tests.crashes.victim"],
            shop.env,
            directory / "log" / "victims.log",
        ) as foundry,
    ):
        yield CrashShop(shop, ledger, foundry)


@contextmanager
def companion(command: list[str], env: Mapping[str, str] | None, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that ends when its standard input does, so it cannot outlive us; ready when it has said one line."""
    with log.open("ab") as words:
        process = subprocess.Popen(
            command, env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words
        )
    try:
        assert process.stdout
        assert process.stdout.readline(), f"{command} did not start: {log.read_text()[-2000:]}"
        yield process
    finally:
        process.communicate()
