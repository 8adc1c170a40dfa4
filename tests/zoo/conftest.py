"""The house as it is: copied once, its named tests run once, their database kept as the template of all others."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.zoo import cage


class Healthy(NamedTuple):
    """The unpatched copy, the database that its tests left behind, and how they ended."""

    house: Path
    template: str
    verdict: cage.Verdict


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Healthy]:
    template = f"zoo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    house = cage.copy_house(tmp_path_factory.mktemp("zoo") / "house")
    named = sorted({test for bug in cage.specimens() for test in bug.caught_by})
    yield Healthy(house, template, cage.ask(house, named, template, anew=True))
    cage.drop(template)
