"""The stages between a commit and a release, in the order of their speed: what is wrong is said as early as it can be.

    lint ─► types ─► security ─► contract ─► unit ─► integration ─► package ─► image ─► artefact ─► deploy

This list is the only one. `make pipeline` runs it here; .github/workflows/ci.yml runs the same names one by one, and a
test holds the two against each other. Every test belongs to exactly one stage, apart from `make prove`, which takes as
long as all of these.

Roadmap: testing/test-automation-in-ci, deployment/ci-cd-pipeline
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
#: What a run leaves: reports of the tests, coverage as HTML, the package, the store of artefacts.
KEPT = ROOT / "var" / "pipeline"
CHECK = [sys.executable, "-m", "deploy.local.check"]
DELIVER = [sys.executable, "-m", "deploy.pipeline.delivery"]
CONTRACT = (
    "tests/contracts", "tests/examples", "tests/parity", "tests/deploy/test_contract.py", "tests/test_openapi.py",
    "tests/test_openapi_v2.py", "tests/test_graphql_schema.py",
)  # fmt: skip
UNIT = ("tests/accounts", "tests/config", "tests/orders", "tests/roadmap", "tests/shop")


class Stage(NamedTuple):
    """A name and what it runs; every command must end well."""

    name: str
    commands: tuple[list[str], ...]


def stages(proofs: tuple[str, ...] = ()) -> list[Stage]:
    """All of them. `proofs`: what `make prove` runs, and so no stage."""
    rest = ["tests", *(f"--ignore={path}" for path in (*UNIT, *CONTRACT, *proofs))]
    return [
        Stage("lint", ([*CHECK, "lint", "format", "imports", "shell", "yaml", "roadmap"],)),
        Stage("types", ([*CHECK, "types"],)),
        Stage("security", ([*CHECK, "bandit", "own rules", "leaks", "deployment"],)),
        Stage("contract", ([*CHECK, "migrations", "locks", "schema v1", "schema v2"], _tests("contract", *CONTRACT))),
        Stage("unit", (_tests("unit", *UNIT),)),
        Stage("integration", (_tests("integration", *rest), *_coverage())),
        *(Stage(name, ([*DELIVER, name],)) for name in ("package", "image", "artefact", "deploy")),
    ]


def _tests(name: str, *chosen: str) -> list[str]:
    """Two processes, a report in the format that every CI front end reads, coverage added to that of other stages."""
    how = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
    measured = ["--cov", "--cov-branch", "--cov-context=test", "--cov-append"]
    return [sys.executable, "-m", "pytest", "-q", *how, *measured, f"--junitxml={KEPT / name}.xml", *chosen]


def _coverage() -> tuple[list[str], ...]:
    """What the three stages of tests measured together: as HTML to look at, and against the floors."""
    html = [sys.executable, "-m", "coverage", "html", "--quiet", "--directory", str(KEPT / "coverage")]
    return html, [sys.executable, "-m", "deploy.gates.coverage", ".coverage"]


def proofs_of_make() -> tuple[str, ...]:
    """The Makefile hands its list over."""
    return tuple(os.environ.get("PROOFS", "").split())
