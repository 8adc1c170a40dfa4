"""The floor's statements without HTTP and without Django: what PostgreSQL can do, and what Python can ask of it.

    pgbench       C, prepared statements: the database's own limit
    psycopg       two processes of four threads in a loop: what is left when Python asks

Roadmap: testing/database-load-tests, databases/tcl
"""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psycopg

from deploy.bench.crowd import PRODUCTS
from deploy.embedded.binaries import postgres_program
from deploy.local.process import ROOT

SCRIPT = Path(__file__).with_name("statements.sql")
PROCESSES, THREADS = 2, 4


def pgbench(database_url: str, *, clients: int, seconds: float) -> float:
    """Purchases per second; raises CalledProcessError with pgbench's words."""
    command = [
        str(postgres_program("pgbench")), "--no-vacuum", "--protocol", "prepared", "--file", str(SCRIPT),
        "--define", f"products={PRODUCTS}", "--client", str(clients), "--jobs", "2",
        "--time", str(max(1, round(seconds))), database_url,
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.findall(r"tps = ([\d.]+)", said)[-1])


def loops(environment: Mapping[str, str], *, seconds: float) -> float:
    """Purchases per second of several Python processes."""
    command = [sys.executable, "-m", "deploy.bench.statements", str(seconds)]
    loops = [
        subprocess.Popen(command, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    for loop in loops:  # each says that it is ready, and then they begin together
        assert loop.stdout
        loop.stdout.readline()
    return sum(float(loop.communicate("go\n")[0]) for loop in loops)


def buy(connection: psycopg.Connection, product: int) -> None:
    """The statements of floor.py. Raises TypeError if the product is sold out, which it never is."""
    with connection.transaction():
        (price,) = connection.execute("SELECT price FROM floor.product WHERE id = %s", [product]).fetchone()  # type: ignore[misc]
        added = connection.execute("INSERT INTO floor.purchase (total) VALUES (%s) RETURNING id", [price])
        (order,) = added.fetchone()  # type: ignore[misc]
        connection.execute(
            "INSERT INTO floor.line (purchase_id, product_id, quantity, price) VALUES (%s, %s, 1, %s)",
            [order, product, price],
        )
        connection.execute(
            "UPDATE floor.stock SET reserved = reserved + 1 WHERE product_id = %s AND on_hand - reserved >= 1",
            [product],
        )
    with connection.transaction():
        connection.execute("UPDATE floor.purchase SET status = 'paid' WHERE id = %s", [order])
        connection.execute(
            "INSERT INTO floor.ledger (product_id, quantity, purchase_id) VALUES (%s, -1, %s)", [product, order]
        )
        connection.execute("INSERT INTO floor.outbox (topic, purchase_id) VALUES ('mail', %s)", [order])
        connection.execute(
            "UPDATE floor.stock SET on_hand = on_hand - 1, reserved = reserved - 1 WHERE product_id = %s", [product]
        )


def _loop(database_url: str, start: threading.Barrier, seconds: float) -> int:
    dice, done = Random(), 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        start.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            buy(connection, dice.randint(1, PRODUCTS))
            done += 1
    return done


def main(database_url: str, seconds: float) -> None:
    start = threading.Barrier(THREADS + 1)
    with ThreadPoolExecutor(THREADS) as threads:
        counts = [threads.submit(_loop, database_url, start, seconds) for _ in range(THREADS)]
        print("ready", flush=True)
        sys.stdin.readline()
        start.wait()
        print(sum(count.result() for count in counts) / seconds)


if __name__ == "__main__":
    main(os.environ["DATABASE_URL"], float(sys.argv[1]))
