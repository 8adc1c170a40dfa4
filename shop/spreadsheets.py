"""Lists for a spreadsheet: `Accept: text/csv` gets the same page as everybody, with the same `Link` header.

    sku,slug,name,price          one line of names, then one for each row, as RFC 4180 has them
    D-1,desk,Oak desk,120.00

A table is flat: members that hold members, and those that begin with `_`, are left out; the JSON form has them. Money
in an object is two columns, `price.amount` and `price.currency`.
A cell that a spreadsheet would run (`=HYPERLINK(…)` in a product's name or on a delivery note) gets an apostrophe in
front of it, which makes it text (OWASP, CSV Injection). Plain numbers stay numbers, those below 0 as well.
Refuses nothing of its own: a refusal is a problem, in JSON, whatever was accepted.

Roadmap: api/consistent-endpoint-design
"""

import csv
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from shop.money.shapes import MoneyField, MoneySerializer

#: What begins a formula, in full width as well: Japanese and Chinese spreadsheets take both.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class TableRenderer(BaseRenderer):
    """Writes the rows of a list as CSV."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Write one page; the first line names the columns, also of a page without rows."""
        context = renderer_context or {}
        if context["response"].status_code >= 400:
            return bytes(JSONRenderer().render(data, accepted_media_type))
        written = StringIO()
        columns = list(_columns(context["view"].get_serializer()))
        table: csv.DictWriter[str] = csv.DictWriter(written, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows({name: cell(value) for name, value in _flat(row)} for row in data["results"])
        return written.getvalue().encode()


class ByQuality(DefaultContentNegotiation):
    """Gives what the caller likes best: DRF's own heeds how exactly a form is named, and never its `q`.

    Source: RFC 9110, 12.5.1.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type; raise NotAcceptable if the caller takes none of them."""
        offered = {str(renderer.media_type): renderer for renderer in renderers}
        preferred = request.get_preferred_type(list(offered))
        if preferred is None:
            raise NotAcceptable
        return offered[preferred], preferred


class Tabular(APIView):
    """A list that can be had as a table. What is written to it is answered in JSON alone."""

    content_negotiation_class = ByQuality
    renderer_classes = [JSONRenderer, TableRenderer]  # DRF adds `Vary: Accept` where there are two

    def get_renderers(self) -> list[BaseRenderer]:
        """Offer the table to readers."""
        offered = self.renderer_classes if self.request.method in SAFE_METHODS else [JSONRenderer]
        return [renderer() for renderer in offered]


def cell(value: object) -> str:
    """Return what stands in the table: nothing for null, and nothing that runs."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    runs = text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(FORMULA)
    return f"'{text}" if runs and not NUMBER.fullmatch(text) else text


def _columns(row: Any) -> Iterable[str]:
    """The flat members, in the order of the JSON form."""
    for name, field in row.fields.items():
        if isinstance(field, MoneyField):
            yield from (f"{name}.{part}" for part in MoneySerializer().fields)
        elif not name.startswith("_") and not isinstance(field, BaseSerializer):
            yield name


def _flat(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{part}", inner) for part, inner in value.items())
        else:
            yield name, value
