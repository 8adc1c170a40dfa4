"""Reads and sends `.http` files as editors do: `###` between requests, `{{…}}` for what an earlier answer said.

{{shop}}                               a variable of the file, `@shop = …`
{{login.response.body.$.access}}       of the answer to the request that is named by `# @name login`
{{products.response.body.$.results[0].slug}}
{{$guid}}                              a new one each time
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

VARIABLE = re.compile(r"^@(\w+) *= *(.*)$", re.MULTILINE)
PLACE = re.compile(r"\{\{(.+?)\}\}")


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


class Sender:
    """Sends one request after another and remembers the answers that have a name."""

    def __init__(self, file: Path, **given: str) -> None:
        text = file.read_text("utf-8")
        self.requests = [_request(part) for part in re.split(r"^### *", text, flags=re.MULTILINE)[1:]]
        self.variables = dict(VARIABLE.findall(text)) | given
        self.answers: dict[str, Any] = {}

    def send(self, request: Request) -> httpx.Response:
        headers = dict(self.filled(line).split(": ", 1) for line in request.headers)
        body = self.filled(request.body).encode()
        answer = httpx.request(
            request.method, self.filled(request.address), headers=headers, content=body, trust_env=False, timeout=30
        )
        if request.name:
            self.answers[request.name] = answer.json()
        return answer

    def filled(self, text: str) -> str:
        """The text with a value in each of its places, and in the places of those."""
        while PLACE.search(text):
            text = PLACE.sub(lambda place: self._value(place[1]), text)
        return text

    def _value(self, place: str) -> str:
        if place == "$guid":
            return str(uuid4())
        name, is_of_answer, path = place.partition(".response.body.$.")
        if not is_of_answer:
            return str(self.variables[name])
        value = self.answers[name]
        for step in re.findall(r"\w+", path):
            value = value[int(step) if step.isdigit() else step]
        return str(value)


def _request(part: str) -> Request:
    title, _, rest = part.partition("\n")
    comments = "\n".join(line for line in rest.splitlines() if line.startswith("#"))
    head, _, body = rest[len(comments) :].strip("\n").partition("\n\n")
    line, *headers = head.splitlines()
    method, _, address = line.partition(" ")
    name = re.search(r"^# @name (\w+)$", comments, re.MULTILINE)
    [expected] = re.findall(r"^# expect (\d{3})$", comments, re.MULTILINE)
    return Request(title, name[1] if name else "", int(expected), method, address, tuple(headers), body.strip())
