"""A real PostgreSQL 18 and a real Redis from Python wheels, for machines that have neither.

    up() ──► postgres.py ──► identity.py  (root may not run PostgreSQL)
        └──► redis.py    ──► binaries.py  (where the programs are)
    running() = up() + guard.py, a small process that stops both when its owner dies, however it dies

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
