"""`python -m deploy.contract`: what changed since the last release; `--release` makes today's document the last one.

Roadmap: workflow/api-docs-maintenance
"""

import shutil
import sys

from deploy.contract import release


def main(arguments: list[str]) -> int:
    """Tell, and fail when something breaks without a new major version."""
    for change in sorted(release.changes(), key=lambda change: (not change.breaks, change)):
        print(f"{'BREAKS' if change.breaks else 'adds  '} {change.where} {change.what}")
    if refused := release.broken_promises():
        print(f"{len(refused)} promises are broken; {release.HOW}", file=sys.stderr)
        return 1
    if "--release" in arguments:
        shutil.copy(release.CURRENT, release.RELEASED)
        print("docs/api/released/openapi.yaml is today's document")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
