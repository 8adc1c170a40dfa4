"""One fresh crash shop for all crash tests of a run, one more on RabbitMQ, and the table of what they found."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.crashes.crash_shop import CrashShop, open_crash_shop

ROOT = Path(__file__).resolve().parents[2]
TABLE: list[str] = []


@pytest.fixture(scope="session")
def crash_shop() -> Iterator[CrashShop]:
    directory = ROOT / "var" / f"crashes-{os.getpid()}"
    with open_crash_shop(directory) as shop:
        yield shop
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def rabbit_shop() -> Iterator[CrashShop]:
    """The same shop with RabbitMQ between relay and worker, on a virtual host of its own where we may make one."""
    directory = ROOT / "var" / f"rabbits-{os.getpid()}"
    with own_virtual_host() as url, open_crash_shop(directory, {"CELERY_BROKER_URL": url}) as shop:
        yield shop
    shutil.rmtree(directory)


@contextmanager
def own_virtual_host() -> Iterator[str]:
    """Of AMQP_URL or the local RabbitMQ. Without `rabbitmqctl` it is the one that the URL names."""
    url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672//")
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except OSError as failure:
        pytest.skip(f"RABBITMQ NOT TESTED: {url} does not answer ({failure}); set AMQP_URL or start RabbitMQ there")
    name, user = f"crashes-{os.getpid()}", urlsplit(url).username or "guest"
    if not (rabbitmqctl("add_vhost", name) and rabbitmqctl("set_permissions", "-p", name, user, ".*", ".*", ".*")):
        yield url
        return
    yield f"{url.rstrip('/')}/{name}"
    rabbitmqctl("delete_vhost", name)


def rabbitmqctl(*command: str) -> bool:
    program = shutil.which("rabbitmqctl")
    return program is not None and subprocess.run([program, *command], capture_output=True).returncode == 0


@pytest.fixture
def table() -> list[str]:
    """Lines that are printed at the end of the run."""
    return TABLE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TABLE:
        terminalreporter.section("crashes")
        terminalreporter.write_line("\n".join(TABLE))
