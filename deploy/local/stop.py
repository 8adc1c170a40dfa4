"""`make stop`: end a shop that runs in var/demo, and its servers if `python -m deploy.embedded up` left them on.

Roadmap: foundations/command-line
"""

import sys

from deploy.embedded import ServerTrouble, down
from deploy.local.run import DEMO
from deploy.local.tenancy import stop_tenant


def main() -> int:
    if not DEMO.exists():
        return 0
    try:
        print("Stopped." if stop_tenant(DEMO) else "No shop is running.")
        down(DEMO)
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
