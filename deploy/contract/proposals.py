"""What was agreed before it was built, and what of it the code does otherwise.

    docs/api/proposed/returns.yaml ──► mock.py, to play with
              └──────────── held against ────────────► docs/api/openapi.yaml, once one of its addresses is there

What is built may say more than the proposal and ask for less, as a release may (`changes.py`); whatever else differs is
a departure, and somebody has to change the code or bring the proposal up again.

Roadmap: api/api-first
"""

from pathlib import Path

from deploy.contract.changes import Change, Comparison
from deploy.contract.document import Json, operations, read
from deploy.contract.release import API, CURRENT

FOLDER = API / "proposed"


def proposals() -> dict[str, Json]:
    """Return the documents by name."""
    return {file.stem: read(file) for file in sorted(Path(FOLDER).glob("*.yaml"))}


def departures(proposal: Json, current: Json | None = None) -> list[Change]:
    """Return what of a proposal is built otherwise; nothing while none of its addresses is there."""
    current = current or read(CURRENT)
    if not operations(proposal).keys() & operations(current).keys():
        return []
    return [change for change in Comparison(proposal, current).changes() if change.breaks]
