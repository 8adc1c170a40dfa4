"""The scanners find what they are for, and nothing in this tree: each own rule has bad examples and good ones."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.gates.leaks import KNOWN, SHAPES, leaks
from deploy.local.check import STEPS

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
RULES = ROOT / "deploy" / "rules"
CONFIG = str(RULES / "sgconfig.yml")
NAMES = sorted(path.stem for path in RULES.glob("rules/*.yml"))


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.roadmap("testing/sast")
def test_every_rule_finds_its_bad_examples_and_leaves_the_good_ones() -> None:
    tried = run("ast-grep", "test", "--config", CONFIG, "--skip-snapshot-tests")

    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert f"{len(NAMES)} passed" in tried.stdout
    for name in NAMES:
        examples = yaml.safe_load((RULES / "examples" / f"{name}.yml").read_text("utf-8"))
        assert (examples["id"], len(examples["valid"]) > 0, len(examples["invalid"]) > 1) == (name, True, True)


@pytest.mark.roadmap("testing/sast")
def test_rule_about_owners_looks_at_views_alone(tmp_path: Path) -> None:
    for name in ("views.py", "books.py"):
        (tmp_path / name).write_text("order = Order.objects.get(number=number)\n")

    found = run("ast-grep", "scan", "--config", CONFIG, "--report-style", "short", tmp_path)

    assert found.returncode != 0
    assert ("views.py" in found.stdout, "books.py" in found.stdout) == (True, False)


@pytest.mark.roadmap("testing/sast")
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("import pickle\npickle.loads(body)", "B301"),
        ("import subprocess\nsubprocess.run(f'convert {name}', shell=True)", "B602"),
        ("import hashlib\nhashlib.md5(password)", "B324"),
        ("from django.utils.safestring import mark_safe\nmark_safe(name)", "B308"),
    ],
)
def test_bandit_finds_what_it_is_for(tmp_path: Path, line: str, rule: str) -> None:
    (tmp_path / "bad.py").write_text(line)

    found = run("bandit", "--quiet", "--configfile", "pyproject.toml", tmp_path / "bad.py")

    assert (found.returncode, rule in found.stdout) == (1, True)


LEAKS = {
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{'MIIE' * 12}",
    "key of AWS": "AKIA" + "B2C3D4E5F6G7H8I9",
    "key of Stripe": "sk_live_" + "51Hx" * 6,
    "secret of a Stripe webhook": "whsec_" + "Ab12" * 9,
    "token of GitHub": "ghp_" + "Ab12" * 9,
    "token of Slack": "xoxb-" + "1234567890-" * 3,
    "key of Google": "AIza" + "Ab12x" * 7,
    "signed token": ".".join(["eyJ" + "hbGciOiJSUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3In0", "Ab12" * 10]),
    "password in an address": "postgres://shop:" + "correct-horse@db.shop.internal/shop",
}


@pytest.mark.roadmap("testing/sast")
def test_every_shape_of_a_secret_is_found_and_not_said_again(tmp_path: Path) -> None:
    assert LEAKS.keys() == SHAPES.keys()

    for shape, secret in LEAKS.items():
        (tmp_path / "notes.txt").write_text(f"\nkept here: {secret}\n")
        assert list(leaks(tmp_path, {})) == [f"notes.txt:2: {shape}"]


def test_address_of_an_example_is_no_leak_and_a_leak_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("postgres://shop:password@127.0.0.1/shop redis://:{word}@host sk_test_local")

    assert list(leaks(tmp_path, {})) == []
    assert list(leaks(tmp_path, {"notes.txt": {"key of AWS": ""}})) == [
        "notes.txt: no key of AWS there any more; take it off KNOWN"
    ]


@pytest.mark.parametrize("step", ["bandit", "own rules", "leaks", "shell", "yaml"])
def test_nothing_is_found_in_this_tree(step: str) -> None:
    program, *arguments = STEPS[step].split()

    found = run(program, *arguments)

    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_every_shell_script_is_looked_at() -> None:
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "deploy").rglob("*.sh")} | {".ci/run"}

    assert {name for name in scripts if "node_modules" not in name} == set(STEPS["shell"].split()[1:])
    assert all(KNOWN[path] for path in KNOWN)
