"""Every Try it block of every lesson runs against a started shop and prints what the lesson says it prints.

`shop_stack` (tests/conftest.py) is that shop, a `deploy.local.stack.Stack` with all processes, catalogue and cast.
"""

import os
import subprocess
from pathlib import Path

import pytest

from deploy.embedded.binaries import postgres_program
from roadmap.lesson import TryIt, read_lessons
from roadmap.tryit import matches, missing, run

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = [script for lesson in read_lessons(ROOT) for script in lesson.scripts]


@pytest.fixture(scope="module")
def readers_environment(shop_stack) -> dict[str, str]:
    """What a reader has beside `make run`: the shop's address, the environment of its processes, and psql."""
    path = f"{postgres_program('psql').parent}{os.pathsep}{shop_stack.env['PATH']}"
    return shop_stack.env | {"SHOP": shop_stack.url, "PATH": path}


@pytest.mark.serial
@pytest.mark.timeout(180)
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.topic}-{block.number}")
def test_try_it(block: TryIt, readers_environment):
    if lacking := missing(block, readers_environment):
        pytest.skip(f"the lesson needs {', '.join(lacking)}")

    try:
        printed = run(block, ROOT, readers_environment)
    except subprocess.CalledProcessError as failed:
        pytest.fail(f"the block exits with {failed.returncode}:\n{failed.stdout}{failed.stderr}", pytrace=False)

    if block.expected is not None and not matches(block.expected, printed):
        pytest.fail(f"the lesson says\n{block.expected}\nbut it printed\n{printed}", pytrace=False)
