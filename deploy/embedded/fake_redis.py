"""The last resort: fakeredis as a TCP server, on machines without any Redis program. Slow, and it forgets on exit.

Usage: python fake_redis.py PORT PIDFILE

Roadmap: testing/mocks-and-stubs
"""

import os
import sys
from pathlib import Path

from fakeredis import TcpFakeServer


def main() -> None:
    port, pid_file = int(sys.argv[1]), Path(sys.argv[2])
    with TcpFakeServer(("127.0.0.1", port), server_type="redis", server_version=(7, 4)) as server:
        pid_file.write_text(str(os.getpid()))
        server.serve_forever()


if __name__ == "__main__":
    main()
