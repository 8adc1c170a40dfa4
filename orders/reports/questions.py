"""Four questions, each a file of SQL, each with another join: what is on both sides, on one, or on either.

    sold                  INNER   products with what was sold of them; what was never sold is not there
    never-sold            LEFT    products, and no line of an order on the other side
    foreign-charges       RIGHT   the payment provider's list, and no payment of ours on the other side
    shelf-differences     FULL    the warehouse's count beside our stock, whichever of the two knows the SKU

The two last read a list that came from outside, handed in as JSON: a list of objects with the columns that the file
names at its top. They need no table for it, and leave nothing behind.

Refuses: a question that nobody has written (UnknownQuestion).

Roadmap: databases/joins
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import connection, transaction

FOLDER = Path(__file__).parent
QUESTIONS = {path.stem.replace("_", "-"): path for path in sorted(FOLDER.glob("*.sql"))}
#: Milliseconds. Longer than a request may take, since a report reads all there is.
PATIENCE = 60_000


class UnknownQuestion(Exception):
    """There is no report of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no report {name!r}. There are {', '.join(QUESTIONS)}.")


def ask(name: str, listed: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return the rows of a report, by column. `listed`: what came from outside, for the two that compare with it.

    One statement in a transaction that cannot write. Raises UnknownQuestion.
    """
    if name not in QUESTIONS:
        raise UnknownQuestion(name)
    sql = QUESTIONS[name].read_text("utf-8")
    # durable: within somebody else's transaction that one could not write any more, either
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {PATIENCE}")
        cursor.execute(sql, {"listed": json.dumps(list(listed), default=str)})
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
