"""Every command of the README runs, and prints what the README says; every path it names exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from roadmap.tryit import matches

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", README, re.MULTILINE | re.DOTALL)


@pytest.mark.serial
@pytest.mark.usefixtures("empty_carts")
@pytest.mark.parametrize("place", [place for place, (script, _) in enumerate(BLOCKS) if "make demo" not in script])
def test_command_prints_what_the_readme_says(place: int, shop_stack: Stack) -> None:
    script, expected = BLOCKS[place]
    of_make = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # `make test` runs us, and `make audit` would say that it is nested
    environment = {name: value for name, value in shop_stack.env.items() if name not in of_make}
    environment["SHOP"] = shop_stack.url

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert matches(expected, done.stdout), done.stdout


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"make ([a-z]+)", " ".join(script for script, _ in BLOCKS)))

    assert targets == {"audit", "code", "demo", "prove", "run", "test"}
    for target in targets:
        dry = subprocess.run([shutil.which("make") or "make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert dry.returncode == 0, dry.stderr


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([a-z_]+/[\w./-]*|[\w.]+\.(?:md|py|toml|yml|example))`", README)))
)
def test_path_exists(path: str) -> None:
    assert (ROOT / path).exists() or path.startswith("var/"), path
