"""One list of stages, here and there; the first that fails is the last; a package that works becomes the release."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.embedded import running
from deploy.gates import coverage as gate
from deploy.local.check import DEPLOYMENT, SCHEMAS, STEPS
from deploy.pipeline import delivery
from deploy.pipeline.__main__ import main, run
from deploy.pipeline.delivery import DeliveryFailed, artefact, deploy, package
from deploy.pipeline.stages import CONTRACT, UNIT, Stage, stages

ROOT = Path(__file__).resolve().parents[2]
MARK = [sys.executable, "-c", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"]


@pytest.mark.roadmap("testing/test-automation-in-ci", "deployment/ci-cd-pipeline")
def test_what_runs_there_is_what_runs_here_in_the_same_order() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    steps = [str(step.get("run")) for step in workflow["jobs"]["pipeline"]["steps"]]

    there = [found[1] for step in steps if (found := re.fullmatch(r"make pipeline STAGES=(\w+)", step))]

    assert there == [stage.name for stage in stages()]
    assert workflow["jobs"]["test"]["needs"] == "pipeline"


@pytest.mark.roadmap("testing/test-automation-in-ci")
def test_every_check_belongs_to_a_stage_and_no_test_is_left_out() -> None:
    commands = [command for stage in stages(("tests/zoo",)) for command in stage.commands]
    checks = [step for command in commands if "deploy.local.check" in command for step in command[3:]]
    rest = next(command for command in commands if "tests" in command)

    assert DEPLOYMENT
    assert sorted(checks) == sorted([*STEPS, "deployment", *(f"schema {version}" for version in SCHEMAS)])
    assert all((ROOT / path).exists() for path in (*UNIT, *CONTRACT))
    assert {part for part in rest if part.startswith("--ignore=")} == {
        f"--ignore={path}" for path in (*UNIT, *CONTRACT, "tests/zoo")
    }


@pytest.mark.roadmap("deployment/ci-cd-pipeline")
def test_failing_test_stops_the_pipeline_before_there_is_a_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert 1 == 2\n")
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-c", "/dev/null"]
    chosen = [
        Stage("lint", ([*MARK, str(tmp_path / "linted")],)),
        Stage("unit", ([*map(str, tests), str(tmp_path)],)),
        Stage("package", ([*MARK, str(tmp_path / "packed")],)),
    ]

    assert run(chosen) == ["lint"]
    assert ((tmp_path / "linted").exists(), (tmp_path / "packed").exists()) == (True, False)
    assert "FAILED  unit" in capsys.readouterr().out


def test_stage_that_is_none_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lnit"]) == 2
    assert capsys.readouterr().err.startswith("No such stage: lnit. There are lint, types, ")


@pytest.mark.roadmap("deployment/ci-cd-pipeline")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a clone: a package is made of a commit")
def test_package_is_the_same_twice_and_a_released_name_is_never_given_twice(tmp_path: Path) -> None:
    first, second = package(tmp_path / "one"), package(tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()

    stored = artefact(tmp_path / "one")
    assert artefact(tmp_path / "one") == stored  # the same again is no harm
    names = subprocess.run(["tar", "-tf", stored], capture_output=True, text=True).stdout
    assert ("/orders/checkout.py" in names, "/tests/house.py" in names, "/.env\n" in names) == (True, False, False)

    first.write_bytes(first.read_bytes() + b"\0")
    with pytest.raises(DeliveryFailed, match="a released name is never given twice"):
        artefact(tmp_path / "one")


@pytest.mark.roadmap("deployment/ci-cd-pipeline")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a clone: a package is made of a commit")
def test_package_becomes_the_release_only_when_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, root = tmp_path / "kept", tmp_path / "srv"
    package(kept)
    artefact(kept)
    environment = {"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings.base"}
    with running(tmp_path / "servers", durable=False) as servers:
        release = deploy(root, environment | servers.environment(), kept)
        assert (root / "current").resolve() == release.resolve()

        monkeypatch.setattr(delivery, "ALIVE", "raise SystemExit(1)")
        (root / "current").unlink()
        (root / "current").symlink_to(tmp_path)  # the release before
        with pytest.raises(DeliveryFailed, match="does not start"):
            deploy(root, environment | servers.environment(), kept)
        assert (root / "current").resolve() == tmp_path.resolve()


CODE = "def even(n):\n    if n % 2:\n        return False\n    return True\n\n\ndef never():\n    return 1\n"


@pytest.mark.roadmap("testing/coverage")
def test_share_counts_lines_and_branches_and_a_share_below_its_floor_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "even.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[tool.coverage.run]\nbranch = true\nsource = ["orders"]\n')
    (tmp_path / "play.py").write_text("import sys\nsys.path.insert(0, 'orders')\nimport even\neven.even(2)\n")
    done = subprocess.run([sys.executable, "-m", "coverage", "run", "play.py"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr

    # 6 statements and 2 branches; of these 4 and 1 ran.
    assert gate.measured(tmp_path / ".coverage", tmp_path) == {"*": 62.5, "orders/*": 62.5}

    monkeypatch.setattr(gate, "measured", lambda file: {"*": 62.5, "orders/*": 99.0})
    monkeypatch.setattr(gate, "FLOORS", {"*": 62.6, "orders/*": 98.0})
    assert gate.main([".coverage"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["BELOW", "ok"]
