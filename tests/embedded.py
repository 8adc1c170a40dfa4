"""Real servers for the tests, up before Django reads its settings; pytest loads this by `-p tests.embedded`.

The controller starts them, xdist's workers inherit the environment. They stop with the controller, even a killed one.
DATABASE_URL and REDIS_URL, where set, are respected. Two runs at once get two folders, so they never meet.

Roadmap: testing/integration-tests
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from deploy.embedded import ServerTrouble, running
from deploy.embedded.state import open_lock, try_lock

ROOT = Path(__file__).parents[1]
until_the_end = ExitStack()


@pytest.hookimpl(wrapper=True)  # wrappers go first: pytest-django imports the settings in this same hook
def pytest_load_initial_conftests() -> Generator[None]:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        try:
            folder = _folder_of_our_own()
            os.environ["TEST_RUN"] = folder.name
            servers = until_the_end.enter_context(running(folder, durable=False, given=os.environ))
        except ServerTrouble as trouble:
            raise pytest.UsageError(str(trouble)) from trouble
        os.environ.update(servers.environment())
    return (yield)


def pytest_unconfigure() -> None:
    until_the_end.close()


def _folder_of_our_own() -> Path:
    """`var/test`, or `var/test-2` and so on while another run is using the ones before."""
    for number in count(1):
        folder = ROOT / "var" / ("test" if number == 1 else f"test-{number}")
        lock = open_lock(folder / "run.lock")
        if try_lock(lock, fcntl.LOCK_EX):
            until_the_end.callback(os.close, lock)
            return folder
        os.close(lock)
    raise AssertionError("unreachable")
