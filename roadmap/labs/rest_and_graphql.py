"""One page of the shop filled twice: three shelves with their first products, by REST and by GraphQL.

`python -m roadmap.labs.rest_and_graphql` asks a shop in this very process, on the database of $DATABASE_URL, and prints
what each way costs.

Roadmap: api/rest-vs-graphql
"""

import json
import os
from typing import Any, NamedTuple

import django
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

SHELVES = {"desks": "desks-and-chairs", "lamps": "lamps", "kitchen": "kitchen"}
SHELF = '%s: products(category: "%s", first: 4) { edges { node { name slug price { amount } } } }'


class Cost(NamedTuple):
    """What a client and the shop pay for the page."""

    requests: int
    bytes: int
    statements: int
    kept_by: str


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    print(f"{'':8} requests  bytes  statements  who may keep the answer")
    for name, cost in (("REST", measured(rest())), ("GraphQL", measured(graphql()))):
        print(f"{name:8} {cost.requests:8}  {cost.bytes:5}  {cost.statements:10}  {cost.kept_by}")


def rest() -> list[tuple[str, dict[str, Any]]]:
    """One list for each shelf; each row has more than the page shows."""
    return [("/api/v1/products/", {"category": shelf, "page_size": 4}) for shelf in SHELVES.values()]


def graphql() -> list[tuple[str, dict[str, Any]]]:
    """One document with exactly what the page shows."""
    fields = [SHELF % (name, shelf) for name, shelf in SHELVES.items()]
    return [("/graphql/", {"query": f"{{ {' '.join(fields)} }}"})]


def measured(requests: list[tuple[str, dict[str, Any]]]) -> Cost:
    """Ask with GET and count."""
    client, size, kept = Client(), 0, set()
    with CaptureQueriesContext(connection) as captured:
        for path, parameters in requests:
            answer = client.get(path, parameters)
            assert answer.status_code == 200, answer.content
            assert json.loads(answer.content)
            size += len(answer.content)
            kept.add(answer.get("Cache-Control", "nobody was told"))
    return Cost(len(requests), size, len(captured), ", ".join(sorted(kept)))


if __name__ == "__main__":
    main()
