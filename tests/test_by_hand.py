"""The walk through the API with curl, in one shell as its reader has it: each block prints what the page says."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from roadmap.tryit import matches

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "api" / "by-hand.md").read_text("utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(
    r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", PAGE, re.MULTILINE | re.DOTALL
)
END = "\x1e\n"  # no answer of the shop holds one


@pytest.fixture(scope="module")
def printed(shop_stack: Stack) -> list[str]:
    """What each block printed, up to the one that failed."""
    script = "".join(f"{block}printf '\\036\\n'\n" for block, _ in BLOCKS)
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
@pytest.mark.roadmap("foundations/http-clients")
@pytest.mark.parametrize("place", range(len(BLOCKS)))
def test_block_prints_what_the_page_says(place: int, printed: list[str]) -> None:
    assert place < len(printed) - 2, printed[-2:]
    assert matches(BLOCKS[place][1], printed[place]), printed[place]


def test_every_block_says_what_it_prints() -> None:
    assert len(BLOCKS) == 10
    assert all(expected for _, expected in BLOCKS)
