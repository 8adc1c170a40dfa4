"""Writes `docs/security/asvs.md`: which requirement of OWASP ASVS 5.0 is met here, and what shows it.

    a test that is marked @pytest.mark.asvs("6.2.1")  ┐
    a document        ┐                               ├─► each requirement has exactly one kind of answer
    it does not apply ├─ docs/security/asvs.toml ─────┘
    a gap             ┘

A requirement without an answer is a fault, and so is a gap that a test has closed: the page neither forgets nor boasts.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from roadmap.tags import Tag, marker_tags
from roadmap.tree import Tree

SOURCE, PAGE = "docs/security/asvs.toml", "docs/security/asvs.md"
CHAPTERS = {
    "6": "Authentication",
    "7": "Session management",
    "8": "Authorization",
    "9": "Self-contained tokens",
    "10": "OAuth and OpenID Connect",
    "3": "From web frontend security: cookies",
    "11": "From cryptography: passwords",
    "15": "From secure coding: mass assignment",
}
#: The goal is level 2; what level 3 adds is told, too.
GOAL = 2
WORDS = {"documents": "Written", "outside": "Does not apply", "gaps": "**Gap**"}
INTRODUCTION = f"""\
<!-- Written by `python -m roadmap --write` from the markers of the tests and docs/security/asvs.toml. Do not edit. -->

# OWASP ASVS 5.0 and this shop

The chapters about accounts of the Application Security Verification Standard 5.0.0, and six requirements of others that
they rest on. Level {GOAL} is the goal. The requirements stand here in our own short words; the numbers lead to theirs.
"Shown by" names tests. Nobody but ourselves has verified any of it. All other chapters are not judged here.
"""


class Ledger(NamedTuple):
    """The source file, and the tests that name a requirement."""

    requirements: dict[str, tuple[int, str]]
    answers: dict[str, dict[str, str]]
    tests: dict[str, list[Tag]]

    def kinds(self, requirement: str) -> list[str]:
        """What kinds of answer it has: of each requirement there must be one."""
        named = [kind for kind in WORDS if requirement in self.answers[kind]]
        return [*named, *(["tests"] if requirement in self.tests else [])]


def read(tree: Tree) -> Ledger | None:
    """None where a project has no such list."""
    text = dict(tree.texts()).get(SOURCE)
    if text is None:
        return None
    source = tomllib.loads(text)
    tests: dict[str, list[Tag]] = {}
    for module in tree.modules.values():
        for tag in marker_tags(module, "asvs"):
            for requirement in tag.ids:
                tests.setdefault(requirement, []).append(tag)
    return Ledger(source["requirements"], {kind: source[kind] for kind in WORDS}, tests)


def write(tree: Tree) -> None:
    if (ledger := read(tree)) is not None:
        (tree.root / PAGE).write_text(render(ledger), "utf-8")


def faults(tree: Tree) -> Iterator[str]:
    """One sentence per fault, naming the place."""
    if (ledger := read(tree)) is None:
        return
    for kind, answers in ledger.answers.items():
        yield from (f'{SOURCE}: [{kind}] names "{id_}", which is no requirement' for id_ in _unknown(ledger, answers))
    for id_ in _unknown(ledger, ledger.tests):
        yield f'{ledger.tests[id_][0].symbol}: asvs "{id_}" is no requirement of {SOURCE}'
    for id_ in ledger.requirements:
        kinds = ledger.kinds(id_)
        if len(kinds) != 1:
            yield f"{SOURCE}: {id_} has {' and '.join(kinds) or 'no answer'}; it needs exactly one kind of answer"
    for id_, answer in ledger.answers["documents"].items():
        yield from (f"{SOURCE}: {id_} names {path}, which is not there" for path in _missing(tree, answer))
    if dict(tree.texts()).get(PAGE) != render(ledger):
        yield f"{PAGE}: is stale; `make roadmap` writes it anew"


def _unknown(ledger: Ledger, named: dict[str, str] | dict[str, list[Tag]]) -> list[str]:
    return [id_ for id_ in named if id_ not in ledger.requirements]


def _missing(tree: Tree, answer: str) -> list[str]:
    """A document must name at least one file, and each that it names must be there."""
    named = re.findall(r"`([\w./-]+)`", answer)
    return [path for path in named or ["no file"] if path not in tree.paths]


def render(ledger: Ledger) -> str:
    parts = [INTRODUCTION, _summary(ledger)]
    parts += [_chapter(ledger, number, title) for number, title in CHAPTERS.items()]
    return "\n".join(parts)


def _summary(ledger: Ledger) -> str:
    lines = ["| Level | Requirements | Shown by tests | Written | Does not apply | Gaps |", "|---|---|---|---|---|---|"]
    for level in (1, 2, 3):
        ids = [id_ for id_, (its_level, _) in ledger.requirements.items() if its_level == level]
        counts = [sum(kind in ledger.kinds(id_) for id_ in ids) for kind in ("tests", *WORDS)]
        lines.append(f"| {level} | {len(ids)} | {' | '.join(map(str, counts))} |")
    return "\n".join([*lines, ""])


def _chapter(ledger: Ledger, number: str, title: str) -> str:
    lines = [f"## {number}. {title}\n", "| | Level | Asks | Answer |", "|---|---|---|---|"]
    for id_, (level, asks) in ledger.requirements.items():
        if id_.partition(".")[0] == number:
            lines.append(f"| {id_} | {level} | {asks} | {_answer(ledger, id_)} |")
    return "\n".join([*lines, ""])


def _answer(ledger: Ledger, id_: str) -> str:
    if tags := ledger.tests.get(id_):
        links = [f"[`{tag.symbol.rpartition('::')[2]}`](../../{tag.path})" for tag in tags[:3]]
        return "Shown by " + "<br>".join(links) + (f"<br>and {len(tags) - 3} more" if len(tags) > 3 else "")
    return "; ".join(f"{WORDS[kind]}: {ledger.answers[kind][id_]}" for kind in ledger.kinds(id_)) or "?"
