"""The health check of every container of the image: exit 0 if its process can do its work, else 1.

    web, provider    answer an HTTP request          grpc    says SERVING, over TLS as to anybody
    all others       have a pulse: nobody can ask them, but each gets up every few seconds to look for work. One that
                     has not for ten seconds hangs. What it left undone is what the metrics of queue and outbox tell.

`live` is asked, not `ready`: a container must not be replaced because its database is away. Every container asks every
ten seconds, so this loads little: less than a tenth of a second of a core, where Django would take a whole one.

Roadmap: deployment/docker, deployment/kubernetes-scaling-and-self-healing
"""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.image import NAME

PATIENCE = 4.0
#: Beat sleeps longest: five seconds between two entries of `config/queues.py`.
PULSE_WITHIN = 10.0


def main(name: str) -> int:
    return 0 if CHECKS.get(name, has_pulse)() else 1


def serves_http(port: str, path: str) -> bool:
    """As a neighbour would ask; one answer that is no error is enough."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ[port]), timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def serves_grpc() -> bool:
    """Asked by a program of its own: the library for gRPC takes longer to load than all other checks together."""
    return subprocess.run([sys.executable, "-m", "deploy.image.stock_health"], timeout=4 * PATIENCE).returncode == 0


def has_pulse(within: float = PULSE_WITHIN, process: int = 0) -> bool:
    """True as soon as the main thread of the container's process has gone to sleep once more, of its own will."""
    status = Path(f"/proc/{process or main_process()}/status")
    before, deadline = naps(status.read_text()), time.monotonic() + within
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if naps(status.read_text()) != before:
            return True
    return False


def naps(status: str) -> int:
    found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else 0


def main_process(first: int = 1) -> int:
    """The first process, or its child where an init that reaps orphans stands before it (`init: true`)."""
    is_init = Path(f"/proc/{first}/comm").read_text().strip() in {"docker-init", "tini", "catatonit"}
    return int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0]) if is_init else first


CHECKS: dict[str, Callable[[], bool]] = {
    "web": lambda: serves_http("PORT", "/healthz/live"),
    "provider": lambda: serves_http("PROVIDER_PORT", "/_health"),
    "grpc": serves_grpc,
}

if __name__ == "__main__":
    sys.exit(main(NAME.read_text()))
