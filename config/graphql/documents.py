"""The documents that we know: `docs/api/graphql/*.graphql`, each by the SHA-256 of its text.

A client of ours sends the name and the variables instead of the text: shorter, cacheable with GET, and with
GRAPHQL_KNOWN_ONLY nothing else is run, so that nobody invents a dear question.

Roadmap: api/graphql-schema-and-resolvers
"""

import hashlib
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "api" / "graphql"


@lru_cache(maxsize=1)
def known() -> dict[str, str]:
    """Text by name. Read once: a document comes with a deployment."""
    texts = [file.read_text("utf-8") for file in sorted(FOLDER.glob("*.graphql"))]
    return {name_of(text): text for text in texts}


def name_of(text: str) -> str:
    """Return what a client calls the document: the hex digest of its bytes."""
    return hashlib.sha256(text.encode()).hexdigest()
