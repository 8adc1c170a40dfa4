"""`python -m deploy.clients.postman`: the purchase of `docs/api/shop.http` as a collection for Postman (format 2.1).

    {{login.response.body.$.access}}    →    {{login_access}}, set by a script when the answer to `login` has come
    # expect 201                        →    pm.response.to.have.status(201)

Import `docs/api/shop.postman_collection.json`, or have Postman's own command line play it: `postman collection run`, or
newman. Each request's scripts are two kinds of line and no more, so the tests play the collection without Node.

Roadmap: foundations/http-clients
"""

import json
import re
from pathlib import Path
from typing import Any

from deploy.clients.http_file import OF_ANSWER, PLACE, HttpFile, Request, read

API = Path(__file__).resolve().parents[2] / "docs" / "api"
SOURCE, COLLECTION = API / "shop.http", API / "shop.postman_collection.json"
FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DESCRIPTION = (
    "A purchase with each refusal on the way. Send the requests from top to bottom, or run the collection. "
    "Generated from docs/api/shop.http by `make schema`."
)


def collection(file: HttpFile) -> dict[str, Any]:
    """Return the collection."""
    kept = _kept(file)
    return {
        "info": {"name": "Roadmap Shop: a purchase", "description": DESCRIPTION, "schema": FORMAT},
        "variable": [{"key": name, "value": value} for name, value in file.variables.items()],
        "item": [_item(request, kept.get(request.name, [])) for request in file.requests],
    }


def _kept(file: HttpFile) -> dict[str, list[str]]:
    """By the name of a request, the ways into its answer that later requests go."""
    kept: dict[str, list[str]] = {}
    for request in file.requests:
        for place in PLACE.findall("\n".join([request.address, *request.headers, request.body])):
            if (of_answer := OF_ANSWER.fullmatch(place)) and of_answer[2] not in kept.get(of_answer[1], []):
                kept.setdefault(of_answer[1], []).append(of_answer[2])
    return kept


def _item(request: Request, kept: list[str]) -> dict[str, Any]:
    script = [f'pm.test("{request.expected}", () => pm.response.to.have.status({request.expected}));']
    script += [f'pm.collectionVariables.set("{_key(request.name, way)}", pm.response.json().{way});' for way in kept]
    headers = [dict(zip(("key", "value"), _renamed(line).split(": ", 1), strict=True)) for line in request.headers]
    sent: dict[str, Any] = {"method": request.method, "header": headers, "url": {"raw": _renamed(request.address)}}
    if request.body:
        sent["body"] = {"mode": "raw", "raw": _renamed(request.body), "options": {"raw": {"language": "json"}}}
    event = {"listen": "test", "script": {"type": "text/javascript", "exec": script}}
    return {"name": request.title, "event": [event], "request": sent}


def _renamed(text: str) -> str:
    """The text with Postman's names in its places; `{{$guid}}` is the same there."""
    return PLACE.sub(lambda place: f"{{{{{_name(place[1])}}}}}", text)


def _name(place: str) -> str:
    of_answer = OF_ANSWER.fullmatch(place)
    return _key(*of_answer.groups()) if of_answer else place


def _key(name: str, way: str) -> str:
    return "_".join([name, *re.findall(r"\w+", way)])


def written() -> str:
    """Return the text of `docs/api/shop.postman_collection.json`."""
    return json.dumps(collection(read(SOURCE)), indent=2) + "\n"


if __name__ == "__main__":
    COLLECTION.write_text(written())
    print(f"wrote docs/api/{COLLECTION.name}")
