"""`python -m tests.parity.page`: write `docs/api/parity.md` from the cases that the tests play.

Each act stands there as REST asks for it, as GraphQL does and as gRPC does; below it each case with its ends.
"""

import os
from pathlib import Path
from typing import Any

import django
from graphql import parse, print_ast

if __name__ == "__main__":  # the cases import models; within a test run Django is up, and here nobody asks a database
    nowhere = {"DATABASE_URL": "postgres://nowhere/none", "REDIS_URL": "redis://nowhere/0"}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.base", **nowhere}
    django.setup()

from tests.parity import graphql, rest, rpc
from tests.parity.cases import CASES
from tests.parity.protocols import PROTOCOLS, plays
from tests.parity.steps import Case, Step

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api" / "parity.md"
HEAD = """# One shop, three ways in

Every use case below is played through REST, through GraphQL, and through gRPC where it exists, by
`tests/parity/test_parity.py`, and must end in the same way, to the last word of a refusal. Generated from
`tests/parity/cases.py` by `make schema`.

## How each act is asked for

"""
CASES_HEAD = """## How each case ends

An end in quotes is the `type` of a problem: in REST the body of the answer, in GraphQL the `extensions` of the error,
in gRPC the `ErrorInfo` of the status. `first order` stands for its number. A shelf is on hand, reserved, available.

A case is played once for each protocol named beside it. *GraphQL with REST*: an act that GraphQL does not know went
through REST, and the case shows whether GraphQL sees what came of it.

| case | through | steps | ends |
| --- | --- | --- | --- |
"""


def text() -> str:
    """Return the whole page."""
    acts = list(dict.fromkeys(step.act for case in CASES for step in case.steps))
    return HEAD + "".join(_act(act) for act in acts) + CASES_HEAD + "".join(_case(case) for case in CASES)


def _act(act: str) -> str:
    return f"### {act.capitalize()}\n\n{_in_rest(act)}\n{_in_graphql(act)}\n{_in_grpc(act)}\n"


def _in_rest(act: str) -> str:
    if act not in rest.ACTS:
        return f"REST: {rest.SILENT[act]}\n"
    ask, arguments = rest.ACTS[act], _arguments(act)
    left = [name for name in arguments if f"{{{name}}}" not in ask.path and name != "key"]
    query = "?" + "&".join(f"{name}=…" for name in left) if left and ask.method == "GET" else ""
    lines = [f"{ask.method} /api/v1/{ask.path}{query}"]
    lines += ["Idempotency-Key: {key}"] if "key" in arguments else []
    lines += ["", "{" + ", ".join(f'"{name}": …' for name in left) + "}"] if left and not query else []
    return "```http\n" + "\n".join(lines) + "\n```\n"


def _in_graphql(act: str) -> str:
    if act not in graphql.ACTS:
        return f"GraphQL: {graphql.SILENT[act]}\n"
    return f"```graphql\n{print_ast(parse(graphql.ACTS[act].document))}\n```\n"


def _in_grpc(act: str) -> str:
    if act not in rpc.ACTS:
        return f"gRPC: {rpc.SILENT[act]}\n"
    ask = rpc.ACTS[act]
    return f"```textproto\n# shop.stock.v1.Stock/{ask.method}\n{ask.request}\n```\n"


def _arguments(act: str) -> list[str]:
    return list(
        dict.fromkeys(name for case in CASES for step in case.steps if step.act == act for name in step.arguments)
    )


def _case(case: Case) -> str:
    steps = "<br>".join(_step(step) for step in case.steps)
    ended = "<br>".join(_end(step.end) for step in case.steps)
    return f"| {case.name} | {_through(case)} | {steps} | {ended} |\n"


def _through(case: Case) -> str:
    """`REST, GraphQL with REST and gRPC`: each play by its protocol, with those that stood in for it."""
    stood_in = {
        name: [other for other, protocol in PROTOCOLS.items() if protocol in way and other != name]
        for name, way in plays(case).items()
    }
    return ", ".join(name + (f" with {' and '.join(others)}" if others else "") for name, others in stood_in.items())


def _step(step: Step) -> str:
    given = ", ".join(f"{name} {_short(value)}" for name, value in step.arguments.items() if value != "")
    return f"{step.who}: {step.act}" + (f" ({given})" if given else "")


def _short(value: Any) -> str:
    return "…" if isinstance(value, dict) else str(value)


def _end(end: Any) -> str:
    if isinstance(end, list):
        return ", ".join(_end(part) for part in end) or "none"
    if not isinstance(end, dict):
        return "done" if end is None else str(end)
    if "type" in end:
        return f'"{end["type"].split("/")[2]}"'
    if "lines" in end:
        lines = ", ".join(f"{line['quantity']} {line['sku']}" for line in end["lines"]) or "nothing"
        return (
            f"{end['number']}: {end['status']}, {lines}"
            if "number" in end
            else f"{lines}, {end['total'] or 'no total'}"
        )
    return " ".join(str(value) for value in end.values() if value not in (None, ""))


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
    print(f"wrote docs/api/{PAGE.name}")
