"""`python -m deploy.contract.mock DOCUMENT [PORT]`: a shop that has nothing but its document answers with its examples.

    GET  /api/v1/orders/7KQ2-M4XD-9RTC/returns/                          the first example of its success
    POST /api/v1/orders/7KQ2-M4XD-9RTC/returns/   Prefer: code=409       the first example of that status

So a client can be written before the server. It keeps nothing, checks nothing and knows nobody; what an address must
check stands in the document, and is checked once there is something to check it.

Refuses: an address that the document does not have (404), a method (405), a status of which it has nothing (501).

Roadmap: api/api-first
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.simple_server import make_server

from deploy.contract.document import Json, read

CODE = re.compile(r"\bcode=(\d{3})\b")


class Answer(NamedTuple):
    """What goes out."""

    status: int
    content_type: str = "application/json"
    body: Any = None
    allow: str = ""


class Mock:
    """A WSGI application."""

    def __init__(self, document: Json) -> None:
        self.document = document
        paths = document["paths"].items()
        self.places = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), verbs) for path, verbs in paths]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        wanted = CODE.search(environ.get("HTTP_PREFER", ""))
        answer = self.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], wanted[1] if wanted else "")
        headers = [("Content-Type", answer.content_type), ("Allow", answer.allow)]
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(status, [(name, value) for name, value in headers if value])
        return [b"" if answer.body is None else json.dumps(answer.body).encode()]

    def answer(self, method: str, path: str, status: str = "") -> Answer:
        """Return what the document shows for this request, of this status or of its first success."""
        verbs = next((verbs for place, verbs in self.places if place.fullmatch(path)), None)
        if verbs is None:
            return Answer(404)
        if method.lower() not in verbs:
            return Answer(405, allow=", ".join(sorted(verb.upper() for verb in verbs)))
        answers = verbs[method.lower()]["responses"]
        status = status or next((one for one in sorted(answers) if one < "300"), "")
        return self._shown(int(status), answers[status]) if status in answers else Answer(501)

    def _shown(self, status: int, answer: Json) -> Answer:
        for content_type, shown in self._at(answer).get("content", {}).items():
            for example in shown.get("examples", {}).values():
                return Answer(status, content_type, self._at(example)["value"])
        return Answer(status, "")

    def _at(self, part: Json) -> Json:
        """The part itself, where it only says where it stands."""
        if "$ref" not in part:
            return part
        found = self.document
        for name in part["$ref"].split("/")[1:]:
            found = found[name]
        return found


def main(document: str, port: str = "8090") -> None:
    """Serve until Ctrl-C, to this machine alone."""
    with make_server("127.0.0.1", int(port), Mock(read(Path(document)))) as server:
        print(f"{document} on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
