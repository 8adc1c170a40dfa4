"""The walk through the API with curl, and its habits: each block of a page prints what the page says, in one shell as
its reader has it.
"""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from roadmap.tryit import matches

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
#: The blocks of each page, each with what it prints.
PAGES: dict[str, list[tuple[str, str]]] = {
    name: BLOCK.findall((ROOT / "docs" / "api" / name).read_text("utf-8")) for name in ("by-hand.md", "habits.md")
}
END = "\x1e\n"  # no answer of the shop holds one


@cache
def printed(page: str, shop_stack: Stack) -> list[str]:
    """What each block printed, up to the one that failed."""
    script = "".join(f"{block}printf '\\036\\n'\n" for block, _ in PAGES[page])
    environment = shop_stack.env | {"SHOP": shop_stack.url}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return [*done.stdout.split(END), done.stderr]


@pytest.mark.serial
@pytest.mark.timeout(200)
@pytest.mark.roadmap("foundations/http-clients", "api/consistent-endpoint-design")
@pytest.mark.parametrize(("page", "place"), [(page, place) for page in PAGES for place in range(len(PAGES[page]))])
def test_block_prints_what_the_page_says(page: str, place: int, shop_stack: Stack) -> None:
    said = printed(page, shop_stack)

    assert place < len(said) - 2, said[-2:]
    assert matches(PAGES[page][place][1], said[place]), said[place]


def test_every_block_says_what_it_prints() -> None:
    assert {page: len(blocks) for page, blocks in PAGES.items()} == {"by-hand.md": 10, "habits.md": 14}
    assert all(expected for blocks in PAGES.values() for _, expected in blocks)
