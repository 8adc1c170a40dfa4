"""Exit 0 if the stock service of this container says SERVING, over TLS as to anybody, else 1.

Roadmap: deployment/docker, api/grpc-server-libraries
"""

import os
import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def main() -> int:
    """Trusts the service's own certificate alone: it is the one that it was given."""
    roots = Path(os.environ["GRPC_CERTIFICATE_FILE"]).read_bytes()
    address = f"localhost:{os.environ['GRPC_PORT']}"
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(roots)) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=3)
        except grpc.RpcError:
            return 1
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


if __name__ == "__main__":
    sys.exit(main())
