"""Reading JSON from strangers: what is nested too deeply is a bad request, not a crash of ours, and it is always UTF-8.

Roadmap: security/input-validation
"""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class ShallowJSONParser(JSONParser):
    """JSON, as deep as Python reads it: some hundred levels. In UTF-8 (RFC 8259, 8.1), whatever the caller says: to
    decode punycode takes the square of the length.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body as Python values; raise ParseError for what is no JSON or is nested too deeply."""
        try:
            return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
