"""Plays a Postman collection: fills in its variables, sends its requests, runs the two kinds of line of its scripts.

A line of any other kind is refused, so what is played here is all that Postman would do.
"""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

PLACE = re.compile(r"\{\{(.+?)\}\}")
STATUS = re.compile(r'pm\.test\("\d{3}", \(\) => pm\.response\.to\.have\.status\((\d{3})\)\);')
KEEP = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.json\(\)\.([\w.\[\]]+)\);')


class Player:
    """Plays one item after another."""

    def __init__(self, collection: Path, **given: str) -> None:
        found = json.loads(collection.read_text("utf-8"))
        self.items: list[dict[str, Any]] = found["item"]
        self.variables = {one["key"]: one["value"] for one in found["variable"]} | given

    def play(self, item: dict[str, Any]) -> list[str]:
        """Send the request; return what its tests found wrong."""
        asked = item["request"]
        headers = {one["key"]: self.filled(one["value"]) for one in asked["header"]}
        body, address = self.filled(asked.get("body", {}).get("raw", "")), self.filled(asked["url"]["raw"])
        answer = httpx.request(asked["method"], address, headers=headers, content=body, trust_env=False, timeout=30)
        [event] = item["event"]
        return [wrong for line in event["script"]["exec"] if (wrong := self.run(line, answer))]

    def run(self, line: str, answer: httpx.Response) -> str:
        """Run a line of a script; return what is wrong, or nothing."""
        if keep := KEEP.fullmatch(line):
            value = answer.json()
            for step in re.findall(r"\w+", keep[2]):
                value = value[int(step) if step.isdigit() else step]
            self.variables[keep[1]] = str(value)
            return ""
        status = STATUS.fullmatch(line)
        if status is None:
            raise ValueError(f"not played here: {line}")
        return "" if answer.status_code == int(status[1]) else f"{answer.status_code} instead of {status[1]}"

    def filled(self, text: str) -> str:
        """The text with a value in each of its places, and in the places of those."""
        while PLACE.search(text):
            text = PLACE.sub(lambda place: str(uuid4()) if place[1] == "$guid" else self.variables[place[1]], text)
        return text
