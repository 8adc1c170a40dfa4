"""Each known bug of the field, put back into our own code, is caught by a test that passes without it."""

import shutil
from pathlib import Path

import pytest

from tests.zoo import cage
from tests.zoo.conftest import Healthy

BUGS = cage.specimens()


@pytest.mark.timeout(600)
def test_named_tests_pass_without_the_bugs(healthy: Healthy) -> None:
    assert healthy.verdict.code == 0, healthy.verdict.output


@pytest.mark.timeout(600)
@pytest.mark.roadmap("testing/integration-tests")
@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_bug_is_caught(bug: cage.Specimen, healthy: Healthy, tmp_path: Path) -> None:
    house = Path(shutil.copytree(healthy.house, tmp_path / "house"))
    cage.put_in(bug, house)
    is_in_migrations = "/migrations/" in bug.path.read_text()

    with cage.cloned(healthy.template, f"{healthy.template}_{BUGS.index(bug)}") as database:
        verdict = cage.ask(house, bug.caught_by, database, anew=is_in_migrations)

    assert verdict.code == 1, verdict.output
    assert verdict.failed == set(bug.caught_by), verdict.output
    assert bug.says in verdict.output, verdict.output


def test_zoo_is_as_large_as_its_sign_says() -> None:
    assert len(BUGS) >= 12
    assert cage.sign() in (cage.ZOO / "README.md").read_text("utf-8"), "python -m tests.zoo.cage writes the table"
