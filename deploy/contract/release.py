"""The last release beside today's document, and the one rule between them: who breaks a promise says so in the version.

Roadmap: workflow/api-docs-maintenance, api/openapi-documentation
"""

from pathlib import Path

from deploy.contract.changes import Change, Comparison
from deploy.contract.document import Json, read

API = Path(__file__).resolve().parents[2] / "docs" / "api"
CURRENT, RELEASED = API / "openapi.yaml", API / "released" / "openapi.yaml"
HOW = "docs/api/released/README.md says what to do"


def changes() -> list[Change]:
    """Return what differs between the two files."""
    return list(Comparison(read(RELEASED), read(CURRENT)).changes())


def broken_promises(old: Json | None = None, new: Json | None = None) -> list[Change]:
    """Return what breaks clients of the last release, unless the major version says that something does."""
    old, new = old or read(RELEASED), new or read(CURRENT)
    if _major(new) > _major(old):
        return []
    return [change for change in Comparison(old, new).changes() if change.breaks]


def _major(document: Json) -> int:
    return int(document["info"]["version"].partition(".")[0])
