"""What the document of each version says of that version: its number, when it ends, and where the others are.

Roadmap: api/versioning, api/openapi-documentation
"""

from typing import Any

from django.conf import settings
from django.utils.formats import date_format

from config.versions import PAGE, Ending, ending_of

#: What every answer of a version that ends carries. `Link` is a list's, too.
FIELDS = {
    "Deprecation": "Since when nothing new is to be built on this version (RFC 9745).",
    "Sunset": "From when on this version may answer no longer (RFC 8594).",
    "Link": 'Where to read about it (`rel="deprecation"`), and where the same thing lives in the next version '
    '(`rel="successor-version"`).',
}


def version_of(generator: Any) -> str:
    """Return the version that a document is made of; the first one where none is asked for."""
    return str(generator.api_version or next(iter(settings.API_VERSIONS)))


def introduce(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Put the version into the finished document (a hook of drf-spectacular)."""
    version = version_of(generator)
    result["info"]["version"] = settings.API_VERSIONS[version]
    ending = ending_of(version)
    result["info"]["description"] += f"\n\n{_words(version, ending)}"
    if ending:
        headers = {name: {"description": words, "schema": {"type": "string"}} for name, words in FIELDS.items()}
        for name, value in ending.headers().items():
            headers[name]["example"] = value
        result["components"]["headers"] = headers
    return result


def _words(version: str, ending: Ending | None) -> str:
    if ending is None:
        return f"This is {version}. [What differs from the version before]({PAGE})"
    day = date_format(ending.sunset_at, "j F Y")
    words = f"This is {version}, which ends on {day}; every answer says so in its header, refusals included."
    return f"{words} [What {ending.successor} does differently]({PAGE})"


def announce_ending(operation: dict[str, Any]) -> None:
    """Mark an operation of a version that ends. Refusals carry the fields as well, which the document says in words."""
    operation["deprecated"] = True
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            answer.setdefault("headers", {}).update({name: {"$ref": f"#/components/headers/{name}"} for name in FIELDS})
