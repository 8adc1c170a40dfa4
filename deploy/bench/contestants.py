"""Who runs against whom: applications and application servers, as lines of a Procfile.

By default every application runs as the shop's own `web` line says, so the floor has the same server, the same number
of workers and the same threads.

Roadmap: deployment/application-server, performance/vertical-scaling
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from honcho.environ import parse_procfile

from deploy.bench.crowd import PRODUCTS
from deploy.embedded.ports import LOOPBACK, free_port
from deploy.local.process import ROOT
from deploy.local.readiness import wait_until_ready
from deploy.local.stack import Stack, stack

LINES = parse_procfile((ROOT / "Procfile").read_text()).processes
SHOP, BARE, WHOLE = "deploy.bench.instant", "deploy.bench.floor", "config.wsgi"
#: The limits of requests are counted as ever, but nobody reaches them: a bench is one address that never rests.
UNLIMITED = {"RATE_LIMITS": "*=900000000/1"}
PREPARE = (("migrate", "--verbosity", "0"), ("seed", "--no-cast", "--products", str(PRODUCTS)))


def as_in_procfile(application: str) -> str:
    """The shop's own line for the web, with another application."""
    return LINES["web"].replace(WHOLE, application)


#: References behind the shop's own middleware.
REFERENCE = f"env DJANGO_SETTINGS_MODULE=deploy.bench.reads.settings {as_in_procfile(WHOLE)}"


class Contest:
    """A running shop's database and every contestant's port."""

    def __init__(self, shop: Stack, ports: Mapping[str, int]) -> None:
        self.shop, self.ports = shop, ports

    def start(self, *names: str) -> None:
        """Start contestants; returns when each answers. Raises ServerTrouble with the last words of one that ends."""
        self.shop.start(*names)
        pages = [f"http://{LOOPBACK}:{self.ports[name]}/healthz/ready" for name in names if name in self.ports]
        wait_until_ready(pages, [self.shop[name] for name in names])


@contextmanager
def contest(
    lines: Mapping[str, str], *, also: Sequence[str] = (), tell: Callable[[str], object] = lambda step: None
) -> Iterator[Contest]:
    """A fresh shop with nothing but its database, on ports of its own; `lines` may then be started by name.

    Nothing of it is left afterwards. `also`: processes of the shop's own Procfile to start at once.
    """
    (ROOT / "var" / "bench").mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="run-", dir=ROOT / "var" / "bench"))
    folder.chmod(0o755)
    ports = {name: free_port() for name in lines}
    own = {name: line.replace("$PORT", str(ports[name])) for name, line in lines.items()}
    procfile = folder / "Procfile"
    procfile.write_text("".join(f"{name}: {line}\n" for name, line in (LINES | own).items()))
    try:
        with stack(folder, processes=also, prepare=PREPARE, procfile=procfile, env=UNLIMITED, tell=tell) as shop:
            yield Contest(shop, ports)
    finally:
        rmtree(folder, ignore_errors=True)
