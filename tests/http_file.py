"""Sends the requests of a `.http` file as editors do, one after another."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from deploy.clients.http_file import OF_ANSWER, PLACE, Request, read


class Sender:
    """Sends one request after another and remembers the answers that have a name."""

    def __init__(self, file: Path, **given: str) -> None:
        found = read(file)
        self.requests, self.variables = found.requests, found.variables | given
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
        of_answer = OF_ANSWER.fullmatch(place)
        if not of_answer:
            return str(self.variables[place])
        value = self.answers[of_answer[1]]
        for step in re.findall(r"\w+", of_answer[2]):
            value = value[int(step) if step.isdigit() else step]
        return str(value)
