"""A real PostgreSQL 18 from a Python wheel and a Redis, for machines that have neither.

    up() ──► postgres.py ──► identity.py  (root may not run PostgreSQL)
        └──► redis.py    ──► binaries.py  (where the programs are)
    running() = up() + guard.py, a small process that stops both when its owner dies, however it dies

Redis is the machine's own (redis-server or valkey-server on PATH), or comes from a wheel, which there is for Linux on
x86_64 alone. Where there is neither, `fake_redis.py` stands in: slow, and it forgets on exit.

Imports nothing of the shop. `faults.py` breaks the servers on purpose, for tests. Start reading in `servers.py`.
"""

from deploy.embedded.errors import ServerTrouble
from deploy.embedded.faults import (
    restart_postgres,
    restart_redis,
    start_postgres,
    start_redis,
    stop_postgres,
    stop_redis,
)
from deploy.embedded.servers import Servers, down, running, up

__all__ = [
    "ServerTrouble",
    "Servers",
    "down",
    "restart_postgres",
    "restart_redis",
    "running",
    "start_postgres",
    "start_redis",
    "stop_postgres",
    "stop_redis",
    "up",
]
