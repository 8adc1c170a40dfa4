"""`python -m deploy.gates.coverage FILE`: how much of the code ran, against floors; exit 1 below one of them.

What is measured are the tests that prove a topic of the roadmap (tests/conftest.py says why: measuring makes a test
half as slow again), lines and branches, in all processes of pytest. So the figure is not "how much is tested": it is
how much of the code the topics' proofs reach. A floor is raised with the figure, and never lowered for a change's sake.

Roadmap: testing/coverage
"""

import sys
from fnmatch import fnmatch
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[2]
#: Which files → least per cent of lines and branches, the purchase higher than the rest. Both are careful figures,
#: set before a whole run was measured against them: raise them to where it stands.
FLOORS = {"*": 50.0, "orders/*": 60.0}


def measured(file: Path, root: Path = ROOT) -> dict[str, float]:
    """Pattern of FLOORS → per cent, branches included."""
    read = Coverage(data_file=str(file), config_file=str(root / "pyproject.toml"))
    read.load()
    runs: dict[str, tuple[int, int]] = {}
    for path in read.get_data().measured_files():
        name = Path(path).resolve()
        if name.is_relative_to(root) and name.exists() and "migrations" not in name.parts:
            numbers = read._analyze(str(name)).numbers
            ran = numbers.n_executed + numbers.n_executed_branches
            runs[name.relative_to(root).as_posix()] = (ran, numbers.n_statements + numbers.n_branches)
    return {pattern: _share([run for name, run in runs.items() if fnmatch(name, pattern)]) for pattern in FLOORS}


def _share(runs: list[tuple[int, int]]) -> float:
    ran, there = (sum(column) for column in zip(*runs, strict=True)) if runs else (0, 0)
    return 100 * ran / there if there else 0.0


def main(arguments: list[str]) -> int:
    is_good = True
    for pattern, share in measured(Path(arguments[0])).items():
        floor = FLOORS[pattern]
        is_good = is_good and share >= floor
        print(f"{'ok' if share >= floor else 'BELOW':5}  {pattern:9} {share:5.1f} %, floor {floor:.0f}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
