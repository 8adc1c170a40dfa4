"""`python -m deploy.local.manage COMMAND …`: Django's manage.py with the demo's servers up and its environment set.

Servers that already run are used and left on; else they run for as long as the command.

Roadmap: foundations/command-line
"""

import os
import subprocess
import sys

from deploy.embedded import ServerTrouble, running
from deploy.local.environment import Addresses, shop_environment
from deploy.local.process import ROOT
from deploy.local.run import DEMO, mail_setting, wanted_port
from deploy.local.tenancy import running_provider


def main(arguments: list[str]) -> int:
    try:
        with running(DEMO, given=os.environ) as servers:
            addresses = Addresses(wanted_port(), 0)
            environment = shop_environment(DEMO, servers, addresses, os.environ) | mail_setting()
            # Without a running shop there is no provider to talk to; what needs one then says so.
            environment["PAYMENT_API_BASE"] = os.environ.get("PAYMENT_API_BASE") or running_provider(DEMO)
            return subprocess.run(["python", "manage.py", *arguments], env=environment, cwd=ROOT).returncode
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
