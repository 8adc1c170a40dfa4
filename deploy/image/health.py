"""The health check of every container of the image: exit 0 if its process can do its work, else 1.

    web, provider    answer an HTTP request          grpc    says SERVING, over TLS as to anybody
    all others       have a pulse: nobody can ask them, but each gets up every few seconds to look for work. One that
                     has not for ten seconds hangs. What it left undone is what the metrics of queue and outbox tell.

`live` is asked, not `ready`: a container must not be replaced because its database is away.

Roadmap: deployment/docker, deployment/kubernetes-scaling-and-self-healing
"""

import http.client
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.image.start import NAME

PATIENCE = 3.0
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
    """Trusts the service's own certificate alone: it is the one that it was given."""
    roots = Path(os.environ["GRPC_CERTIFICATE_FILE"]).read_bytes()
    address = f"localhost:{os.environ['GRPC_PORT']}"
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(roots)) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


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
