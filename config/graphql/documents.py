"""Documents: those that we know, `docs/api/graphql/*.graphql`, each by the SHA-256 of its text; and how any is read.

A client of ours sends the name and the variables instead of the text: shorter, cacheable with GET, and with
GRAPHQL_KNOWN_ONLY nothing else is run, so that nobody invents a dear question.

Clients send the same few texts again and again, with other variables. What a text means, and that it is valid, is
therefore remembered; what is refused is not. Reading and checking were a third of the processor time of a list.

Roadmap: api/graphql-schema-and-resolvers
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLError, parse, validate

from config.graphql.limits import MOST_TOKENS
from config.graphql.schema import schema
from config.graphql.sizes import require_small

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "api" / "graphql"

#: Texts that are remembered. What the longest becomes takes some hundred kilobytes, and anybody may send it.
REMEMBERED = 50
MOST_ERRORS = 10


class Invalid(Exception):
    """The document is not one of this schema; `faults` says where."""

    def __init__(self, faults: list[GraphQLError]) -> None:
        super().__init__(faults)
        self.faults = faults


@lru_cache(maxsize=1)
def known() -> dict[str, str]:
    """Text by name. Read once: a document comes with a deployment."""
    texts = [file.read_text("utf-8") for file in sorted(FOLDER.glob("*.graphql"))]
    return {name_of(text): text for text in texts}


def name_of(text: str) -> str:
    """Return what a client calls the document: the hex digest of its bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> DocumentNode:
    """Return what the text means. Raises GraphQLError or RecursionError for no GraphQL, TooMuch for too many parts."""
    document = parse(text, max_tokens=MOST_TOKENS, no_location=False)
    require_small(document)
    return document


@lru_cache(maxsize=REMEMBERED)
def require_valid(text: str, rules: tuple[Any, ...]) -> None:
    """Raise Invalid for a document that the schema does not know, or that breaks one of the rules."""
    if faults := validate(schema.graphql_schema, read(text), rules, max_errors=MOST_ERRORS):
        raise Invalid(faults)
