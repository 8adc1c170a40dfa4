"""Every command of every runbook runs against a started shop: none fails for the first time at night.

`shop_stack` (tests/conftest.py) is that shop.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.embedded.binaries import postgres_program
from deploy.local.stack import Stack

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs/runbooks").glob("*.md"))
PARTS = ("What it means", "Look", "Do", "Afterwards")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINKS = re.compile(r"\]\((?!https?:)([^)#]+)")
#: Looking changes nothing: whoever is woken may run it without thinking.
CHANGING = re.compile(r"\b(DELETE|UPDATE|INSERT|DROP|TRUNCATE|ALTER|kill|rm)\b|-X\s*(POST|PUT|DELETE|PATCH)| -d ")


@pytest.mark.serial
@pytest.mark.roadmap("observability/incident-response")
@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_commands_of_the_page_run(page: Path, shop_stack: Stack) -> None:
    path = f"{postgres_program('psql').parent}{os.pathsep}{shop_stack.env['PATH']}"
    environment = shop_stack.env | {"SHOP": shop_stack.url, "PATH": path}

    for script in BLOCK.findall(page.read_text("utf-8")):
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_page_has_its_parts_and_only_looks(page: Path) -> None:
    text = page.read_text("utf-8")
    scripts = BLOCK.findall(text)

    assert re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE) == list(PARTS)
    assert scripts
    assert not [script for script in scripts if CHANGING.search(script)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_the_page_lead_somewhere(page: Path) -> None:
    assert [link for link in LINKS.findall(page.read_text("utf-8")) if not (page.parent / link).is_file()] == []
