"""What one process costs: memory, the time until it answers, a login beside its hash, the check of a token.

Roadmap: performance/vertical-scaling, auth/jwt-issue-and-verify
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

import httpx

from deploy.bench.figures import Figure
from deploy.bench.load import forever, get, post, press
from deploy.embedded import ServerTrouble
from deploy.embedded.ports import LOOPBACK
from deploy.local.process import ROOT, ShopProcess

EMAIL, PASSWORD = "bench@example.com", "a long sentence for nobody but the bench"
LIST = "/api/v1/products/"
#: Run inside the shop: no HTTP, no database but where the row is really read.
INSIDE = """
import json, time
import django; django.setup()
from django.db import connection
from django.conf import settings
from django.contrib.auth.hashers import check_password
from accounts.models import User
from django.test.utils import CaptureQueriesContext
from accounts.authentication import BearerAuthentication
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
token, email, password = TOKEN, EMAIL, PASSWORD
User.objects.filter(email=email).exists() or User.objects.create_user(email, password, name="Bench")
request = Request(APIRequestFactory().get("/", headers={"Authorization": "Bearer " + token}))
check = BearerAuthentication()
def timed(act, times):
    act()
    taken = []
    for _ in range(times):
        began = time.perf_counter(); act(); taken.append(time.perf_counter() - began)
    return sorted(taken)[times // 2]
check.authenticate(request)
with CaptureQueriesContext(connection) as queries:
    check.authenticate(request)
hashed = User.objects.get(email=email).password
print(json.dumps({
    "token": timed(lambda: check.authenticate(request), 2000),
    "sql": len(queries),
    "hash": timed(lambda: check_password(password, hashed), 15),
}))
"""


def start(process: ShopProcess, port: int) -> float:
    """Start the web process and return the seconds until it answered; raises ServerTrouble after a minute."""
    began = time.monotonic()
    process.start()
    while time.monotonic() - began < 60:
        try:
            if httpx.get(f"http://{LOOPBACK}:{port}/healthz/live", timeout=1, trust_env=False).is_success:
                return time.monotonic() - began
        except httpx.HTTPError:
            time.sleep(0.01)
    raise ServerTrouble(f"{process.name} did not answer in a minute:\n{process.last_words()}")


def memory(leader: int) -> Iterator[float]:
    """Proportional set size in MB of each worker: what it shares with others counts in parts."""
    listed = subprocess.run(["pgrep", "-P", str(leader)], capture_output=True, text=True).stdout.split()
    for pid in listed:
        rollup = Path("/proc", pid, "smaps_rollup")
        if rollup.exists() and (found := re.search(r"^Pss: +(\d+) kB", rollup.read_text(), re.MULTILINE)):
            yield int(found[1]) * 1024 / 1_000_000


def of_processes(process: ShopProcess, port: int) -> list[Figure]:
    """Restart the web process, warm it, weigh it. Memory is told on Linux alone."""
    process.stop()
    seconds = start(process, port)
    press(port, forever(get(LIST)), clients=16, seconds=2, right=200)
    weights = list(memory(process.pid))
    heaviest = max(weights) if weights else None
    return [
        Figure("memory (PSS) of a warm worker", heaviest, 120, most=True, unit=" MB"),
        Figure("start to first answer", seconds, 1.5, most=True, unit=" s"),
    ]


def of_logins(environment: Mapping[str, str], port: int, token: str) -> list[Figure]:
    """How much of a login is not its hash, and what the check of a token takes."""
    script = INSIDE.replace("TOKEN", repr(token)).replace("EMAIL", repr(EMAIL)).replace("PASSWORD", repr(PASSWORD))
    told = json.loads(subprocess.check_output([sys.executable, "-c", script], env=environment, cwd=ROOT, text=True))
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    tally = press(port, [post("/api/v1/auth/token/", body)] * 20, clients=1, seconds=30, right=200)
    if tally.wrong:
        raise ServerTrouble(f"Logins were answered {dict(tally.wrong)}.")
    login = median(tally.times) * 1000
    hashing = told["hash"] * 1000
    return [
        Figure(
            "login beyond its hash", login - hashing, 5, most=True, unit=" ms", beside=f"{login:.0f} - {hashing:.0f}"
        ),
        Figure("check of an access token", told["token"] * 1e6, 150, most=True, unit=" µs"),
        Figure("SQL statements of that check", told["sql"], 0, most=True),
    ]
