"""`python -m roadmap` says how far the roadmap is built; its options check it, write its page and run its lessons.

Without any of them it only counts.

    --check             every rule of check.py; one line per fault, exit code 1 when there is any
    --write             writes roadmap/README.md, the table in README.md and docs/security/asvs.md anew
    --coverage FILE     whether the tests that claim a topic run its code, by the coverage data of the whole suite
    --try TOPIC         runs the Try it part of a lesson here, against the shop that $SHOP names

Faults go to the error output.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from roadmap import asvs, page
from roadmap.check import faults
from roadmap.proof import unproved
from roadmap.survey import Survey, survey
from roadmap.tryit import run_here

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    options = _options().parse_args(arguments)
    found = survey(root)
    if options.topic:
        return _try(found, options.topic)
    if options.write:
        (root / page.PATH).write_text(page.render(found), "utf-8")
        readme = root / page.README
        if readme.exists():
            readme.write_text(page.in_readme(found, readme.read_text("utf-8")), "utf-8")
        asvs.write(found.tree)
    messages = faults(found) if options.check else []
    messages += unproved(found, options.coverage) if options.coverage else []
    _report(found, messages)
    return 1 if messages else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m roadmap", description="Which topic is shown where in this shop.")
    parser.add_argument("--check", action="store_true", help="check tags, tests, lessons and the page")
    parser.add_argument("--write", action="store_true", help="write roadmap/README.md anew")
    parser.add_argument("--coverage", type=Path, metavar="FILE", help="check that tagged tests run tagged code")
    parser.add_argument("--try", dest="topic", metavar="TOPIC", help="run the Try it part of a lesson")
    return parser


def _try(found: Survey, topic: str) -> int:
    lesson = found.lesson_of.get(topic)
    if lesson is None:
        print(f"There is no lesson {topic}; there are: {', '.join(sorted(found.lesson_of))}", file=sys.stderr)
        return 1
    return max((run_here(block, found.root) for block in lesson.scripts), default=0)


def _report(found: Survey, messages: list[str]) -> None:
    for message in messages:
        print(message, file=sys.stderr)
    built = sum(not found.is_waiting(topic) for topic in found.topics.values())
    print(f"roadmap: {built} of {len(found.topics)} topics built, {len(messages)} faults")


if __name__ == "__main__":
    sys.exit(main())
