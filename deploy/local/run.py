"""`make run`: the whole shop on this machine until Ctrl-C, `make stop`, or the end of the terminal.

State is kept in var/demo (or STATE_DIR), so what was bought stays bought. PORT (default 8000) is where it listens.

Roadmap: deployment/application-server, foundations/command-line
"""

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from deploy.embedded import ServerTrouble
from deploy.embedded.ports import is_free
from deploy.local.follow import Follow
from deploy.local.process import ROOT
from deploy.local.readiness import first_ended, obituary
from deploy.local.stack import Stack, stack

DEMO = Path(os.environ.get("STATE_DIR") or ROOT / "var" / "demo").resolve()
MAILS = DEMO.parent / "mail"
WAYS_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CAST = {
    "alice": "buys",
    "bob": "buys elsewhere",
    "carol": "runs the shop",
    "dave": "packs in the warehouse",
    "erin": "buys at trade prices",
}


def main() -> int:
    for signum in WAYS_TO_STOP:
        signal.signal(signum, stop)
    try:
        port, grpc_port = wanted_port(), wanted_grpc_port()
        with stack(DEMO, port=port, grpc_port=grpc_port, env=mail_setting(), given=os.environ, tell=say) as shop:
            serve(shop)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    return 0


def stop(signum: int, frame: FrameType | None) -> None:
    """From now on the stopping itself is not disturbed; were it, the guard would finish it."""
    for wish in WAYS_TO_STOP:
        signal.signal(wish, signal.SIG_IGN)
    print("\nStopping …", flush=True)
    raise KeyboardInterrupt


def say(step: str) -> None:
    print(f"-- {step}", flush=True)


def wanted_port() -> int:
    wish = os.environ.get("PORT") or "8000"
    if not wish.isdigit() or not 1024 <= int(wish) <= 65535:
        raise ServerTrouble(f"PORT must be a number from 1024 to 65535, not {wish!r}.")
    return int(wish)


def wanted_grpc_port() -> int | None:
    """GRPC_PORT, or what gRPC servers usually have; None, any other one, where that is taken."""
    wish = os.environ.get("GRPC_PORT") or "50051"
    if not wish.isdigit() or not 1024 <= int(wish) <= 65535:
        raise ServerTrouble(f"GRPC_PORT must be a number from 1024 to 65535, not {wish!r}.")
    return int(wish) if is_free(int(wish)) else None


def mail_setting() -> dict[str, str]:
    MAILS.mkdir(parents=True, exist_ok=True)
    return {} if os.environ.get("EMAIL_URL") else {"EMAIL_URL": f"filemail://{MAILS}"}


def serve(shop: Stack) -> None:
    """Until a signal; raises ServerTrouble when a process ends by itself."""
    # `make` killed by SIGKILL tells nobody. Only then: whoever starts us by hand in the background may go.
    parent = os.getppid() if "MAKELEVEL" in os.environ else 0
    with Follow(shop.processes.values()):
        print(welcome(shop), flush=True)
        while not (ended := first_ended(shop.processes.values())):
            if parent and os.getppid() != parent:
                return
            time.sleep(0.2)
        raise obituary(ended)


def welcome(shop: Stack) -> str:
    """Where to click and who to be."""
    logins = "\n".join(f"  {name}@example.com   {name}-shows-the-shop   {part}" for name, part in CAST.items())
    mails = shop.env["EMAIL_URL"].removeprefix("filemail://")
    others = ", ".join(f"{name} {url.split(':')[2]}" for name, url in shop.metrics_urls.items() if name != "web")
    return f"""
The shop is open.

  {shop.url}/api/docs/          the API, to click through
  {shop.url}/graphql/ui/        the same in GraphQL, with GraphiQL
  {shop.url}/account/           registration, login, second factor
  {shop.url}/api/v1/products/   what it sells
  {shop.provider_url}/          the payment provider's own book
  {shop.grpc_address}                      the stock service, gRPC
  {shop.url}/metrics            what Prometheus reads; of the others: {others}
  {mails}   the mails it has sent
  {shop.directory / "log"}   the logs

{logins}
  Carol and Dave are asked for a code as well: `make code`, `make code WHO=dave`.

Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(main())
