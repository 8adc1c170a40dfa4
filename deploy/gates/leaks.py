"""`python -m deploy.gates.leaks [FOLDER]`: no committed file holds what opens a door somewhere.

Only shapes that are secrets by themselves: a general scanner takes every long word for one, and needs half a minute and
a list of ninety exceptions here. What is let through stands in KNOWN, with its reason; a line of it that finds nothing
is a fault, too. A secret that was pushed once is known to others: change it, then take it out.

Roadmap: testing/sast
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"),
    "key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "key of Stripe": re.compile(r"\b(?:sk|rk)_live_[0-9A-Za-z]{20,}"),
    "secret of a Stripe webhook": re.compile(r"\bwhsec_[0-9A-Za-z+/]{32,}"),
    "token of GitHub": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})"),
    "token of Slack": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "key of Google": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "signed token": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}"),
    "password in an address": re.compile(
        r"[a-z]+://[^\s:/@{}$<>'\"]+:[^\s:/@{}$<>'\"…]{6,}"
        r"@(?!(?:127\.|localhost|host\b|[\w.-]*\.(?:example|invalid|test)))[\w.-]+"
    ),
}
#: Path → shape → why it may stand there.
KNOWN: dict[str, dict[str, str]] = {
    "orders/examples/webhooks.yaml": {"secret of a Stripe webhook": "made for the examples; it signs nothing"},
    "docs/api/openapi.yaml": {"secret of a Stripe webhook": "written from the examples"},
    "docs/api/openapi-v2.yaml": {"secret of a Stripe webhook": "written from the examples"},
    "tests/examples/stand_ins.py": {"secret of a Stripe webhook": "made for the examples; it signs nothing"},
}


def committed(root: Path) -> list[str]:
    """What git keeps and what it would keep; in a folder without git, every file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, text=True
    )
    if listed.returncode:
        return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return [name for name in listed.stdout.splitlines() if (root / name).is_file()]


def leaks(root: Path, known: dict[str, dict[str, str]] = KNOWN) -> Iterator[str]:
    """A line for each; the secret itself is not said again."""
    for path in committed(root):
        text = (root / path).read_bytes().decode("utf-8", "ignore")
        hits = {shape: hit.start() for shape, rule in SHAPES.items() if (hit := rule.search(text))}
        found = {shape: text.count("\n", 0, start) + 1 for shape, start in hits.items()}
        allowed = known.get(path, {})
        yield from (f"{path}:{line}: {shape}" for shape, line in found.items() if shape not in allowed)
        yield from (f"{path}: no {shape} there any more; take it off KNOWN" for shape in allowed if shape not in found)


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else ROOT
    found = list(leaks(root, KNOWN if root == ROOT else {}))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
