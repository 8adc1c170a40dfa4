"""Reads `.http` files as editors do: `###` between requests, `{{…}}` for what an earlier answer said.

    {{shop}}                               a variable of the file, `@shop = …`
    {{login.response.body.$.access}}       of the answer to the request that is named by `# @name login`
    {{products.response.body.$.results[0].slug}}
    {{$guid}}                              a new one each time

`# expect 201` is ours: the status that must come back.

Roadmap: foundations/http-clients
"""

import re
from dataclasses import dataclass
from pathlib import Path

VARIABLE = re.compile(r"^@(\w+) *= *(.*)$", re.MULTILINE)
PLACE = re.compile(r"\{\{(.+?)\}\}")
#: What stands in a place, where it is of an answer: the name of the request, the way into the body.
OF_ANSWER = re.compile(r"(\w+)\.response\.body\.\$\.(.+)")


@dataclass(frozen=True)
class Request:
    """One request, with its places not yet filled."""

    title: str
    name: str
    expected: int
    method: str
    address: str
    headers: tuple[str, ...]
    body: str


@dataclass(frozen=True)
class HttpFile:
    """The requests of a file in their order, and its variables."""

    requests: list[Request]
    variables: dict[str, str]


def read(file: Path) -> HttpFile:
    """Return what a file holds; raise ValueError for a request that does not say what it expects."""
    text = file.read_text("utf-8")
    requests = [_request(part) for part in re.split(r"^### *", text, flags=re.MULTILINE)[1:]]
    return HttpFile(requests, dict(VARIABLE.findall(text)))


def _request(part: str) -> Request:
    title, _, rest = part.partition("\n")
    comments = "\n".join(line for line in rest.splitlines() if line.startswith("#"))
    head, _, body = rest[len(comments) :].strip("\n").partition("\n\n")
    line, *headers = head.splitlines()
    method, _, address = line.partition(" ")
    name = re.search(r"^# @name (\w+)$", comments, re.MULTILINE)
    [expected] = re.findall(r"^# expect (\d{3})$", comments, re.MULTILINE)
    return Request(title, name[1] if name else "", int(expected), method, address, tuple(headers), body.strip())
