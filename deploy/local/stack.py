"""The whole shop as a `with` block: servers, database, every process of the Procfile, ready to be used.

    hold the folder ─► PostgreSQL, Redis ─► migrate, seed ─► every process of the Procfile ─► /healthz/ready
          └─────────────── one guard process watches: when we die, it ends all of them, in order ───────────────┘

    with stack(folder) as shop:
        httpx.get(f"{shop.url}/api/v1/products/")
        shop["worker"].kill()
        shop["worker"].start()

honcho reads the Procfile and paints the output (`follow.py`); its manager is not used: it ends all processes when one
ends and kills after five seconds, and it has no handle to restart one.

Roadmap: workflow/twelve-factor, foundations/processes-and-threads
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from honcho.environ import parse_procfile

from deploy.embedded import ServerTrouble
from deploy.embedded.leash import Leash
from deploy.embedded.ports import LOOPBACK, free_port, is_free
from deploy.embedded.servers import NOTHING_GIVEN, Servers, leashed
from deploy.local.environment import Addresses, shop_environment
from deploy.local.process import ROOT, ShopProcess
from deploy.local.readiness import SECONDS, wait_until_ready
from deploy.local.tenancy import tenancy

EVERYTHING = ("provider", "web", "worker", "mail", "webhooks", "beat", "relay", "grpc")


class Stack:
    """A running shop. `env` is what its processes see; `directory` holds its logs, mails and data."""

    def __init__(
        self,
        directory: Path,
        servers: Servers,
        addresses: Addresses,
        env: dict[str, str],
        leash: Leash,
        commands: Mapping[str, str],
    ) -> None:
        self.directory, self.servers, self.env = directory, servers, env
        self.url, self.provider_url = addresses.shop, env["PAYMENT_API_BASE"]
        self.processes: dict[str, ShopProcess] = {}
        self._leash, self._commands = leash, commands

    def __getitem__(self, name: str) -> ShopProcess:
        return self.processes[name]

    @property
    def grpc_address(self) -> str:
        """Where the stock service listens."""
        return f"{LOOPBACK}:{self.env['GRPC_PORT']}"

    @property
    def web_urls(self) -> list[str]:
        """The base address of every web process, in the order in which they were added."""
        return [_address(process) for process in self.processes.values() if _kind(process) == "web"]

    @property
    def metrics_urls(self) -> dict[str, str]:
        """Where each process shows its metrics: the web on its own port, the others beside their work."""
        known = {name: process for name, process in self.processes.items() if "METRICS_PORT" in process.environment}
        return {
            name: f"{_address(process) if _kind(process) == 'web' else _metrics_address(process)}/metrics"
            for name, process in known.items()
            if _kind(process) not in ("provider", "beat")
        }

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` to its end and return what it printed; raises ServerTrouble with its words if it fails."""
        answer = subprocess.run(
            ["python", "manage.py", *arguments], env=self.env, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if answer.returncode:
            raise ServerTrouble(f"manage.py {' '.join(arguments)} failed:\n{answer.stdout[-3000:]}")
        return answer.stdout

    def start(self, *names: str) -> None:
        """Start processes by name (`web.2` is a second web, on a port of its own); returns when all are ready."""
        for name in names:
            if name not in self.processes:
                own = {port: str(free_port()) for port in ("PORT", "GRPC_PORT")} if "." in name else {}
                environment = self.env | own | self._telling(name)
                log = self.directory / "log" / f"{name}.log"
                self.processes[name] = ShopProcess(
                    name, self._commands[name.partition(".")[0]], environment, log, self._leash
                )
            self.processes[name].start()
        self.wait_until_ready()

    def _telling(self, name: str) -> dict[str, str]:
        """Where a process shows its metrics, and the folder in which it and its children add them up: empty at first.

        What is set for all by `env` stays: PROMETHEUS_MULTIPROC_DIR="" has each process count for itself.
        """
        if "PROMETHEUS_MULTIPROC_DIR" in self.env:
            return {}
        folder = self.directory / "metrics" / name
        shutil.rmtree(folder, ignore_errors=True)
        return {"PROMETHEUS_MULTIPROC_DIR": str(folder), "METRICS_PORT": str(free_port())}

    def restart(self, name: str) -> None:
        """As `shop[name].restart()`, and wait until it is ready."""
        self[name].restart()
        self.wait_until_ready()

    def wait_until_ready(self, *, seconds: float = SECONDS) -> None:
        """Raises ServerTrouble with the last words of a process that has ended, or when the time is up."""
        running = [process for process in self.processes.values() if process.pid]
        pages = [f"{_address(process)}/healthz/ready" for process in running if _kind(process) == "web"]
        pages += [f"{self.provider_url}/_health" for process in running if _kind(process) == "provider"]
        pages += [f"grpc://{_grpc_address(process)}" for process in running if _kind(process) == "grpc"]
        wait_until_ready(pages, running, seconds=seconds)


def _kind(process: ShopProcess) -> str:
    return process.name.partition(".")[0]


def _address(web: ShopProcess) -> str:
    return f"http://{LOOPBACK}:{web.environment['PORT']}"


def _metrics_address(process: ShopProcess) -> str:
    return f"http://{LOOPBACK}:{process.environment['METRICS_PORT']}"


def _grpc_address(process: ShopProcess) -> str:
    return f"{LOOPBACK}:{process.environment['GRPC_PORT']}"


@contextmanager
def stack(
    directory: Path,
    *,
    port: int | None = None,
    grpc_port: int | None = None,
    processes: Sequence[str] = EVERYTHING,
    env: Mapping[str, str] = NOTHING_GIVEN,
    given: Mapping[str, str] = NOTHING_GIVEN,
    durable: bool = True,
    prepare: Sequence[Sequence[str]] = (("migrate", "--verbosity", "0"), ("seed",)),
    procfile: Path = ROOT / "Procfile",
    tell: Callable[[str], object] = lambda step: None,
) -> Iterator[Stack]:
    """Everything runs when it yields and nothing is left when it ends, be it by an exception or by SIGKILL.

    `given`: an environment whose DATABASE_URL, REDIS_URL, PAYMENT_API_BASE … are used instead of our own; pass
    `os.environ` to respect the caller's. `env`: further variables, stronger than all. `prepare`: manage.py commands to
    run first. `tell` hears of each step before it begins. Raises ServerTrouble with a sentence: port taken, shop
    already running there, a process that ended.
    """
    directory = directory.resolve()
    addresses = Addresses(port or free_port(), free_port(), grpc_port or free_port())
    own = [name for name in processes if name != "provider" or "PAYMENT_API_BASE" not in given]
    with tenancy(directory, addresses.shop, addresses.provider) as lock:
        refuse_taken(addresses.port)
        (directory / "log").mkdir(exist_ok=True)
        tell("starting PostgreSQL and Redis")
        with leashed(directory, durable=durable, given=given, holding=(lock,)) as (servers, leash):
            environment = shop_environment(directory, servers, addresses, given) | dict(env)
            shop = Stack(
                directory, servers, addresses, environment, leash, parse_procfile(procfile.read_text()).processes
            )
            try:
                _open(shop, prepare, own, tell)
                yield shop
            finally:
                leash.release()
                for process in shop.processes.values():
                    process.wait()


def _open(
    shop: Stack, prepare: Sequence[Sequence[str]], processes: Sequence[str], tell: Callable[[str], object]
) -> None:
    for command in prepare:
        tell(f"manage.py {' '.join(command)}")
        shop.manage(*command)
    tell(f"starting {', '.join(processes)}")
    shop.start(*processes)


def refuse_taken(port: int) -> None:
    if not is_free(port):
        raise ServerTrouble(f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}")
