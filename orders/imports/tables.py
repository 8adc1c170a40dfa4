"""A table as a spreadsheet saves it (RFC 4180), read into the rows that JSON would have: `text/csv`, in UTF-8.

    sku,quantity,reference          the first line names the columns; an empty cell is a member left out
    DESK-WAL-160,5,note 4711

Refuses what is no table of that kind (ParseError): another encoding, quotes that do not end, a line with more cells
than there are names. What the cells may hold is asked where JSON is asked, too.

Roadmap: api/request-response-validation, security/input-validation
"""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class TableParser(BaseParser):
    """Reads the rows of a table."""

    media_type = "text/csv"
    #: Columns whose cells of digits are numbers, for which JSON has a notation and a table has none.
    numbers = ("quantity",)

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return one row for each line after the first; raise ParseError for what is no table."""
        try:
            text = stream.read().decode("utf-8-sig")  # spreadsheets put a mark before it
        except UnicodeDecodeError:
            raise ParseError("The table is not UTF-8.") from None
        try:
            return list(self._rows(csv.DictReader(StringIO(text, newline=""), strict=True)))
        except csv.Error as wrong:
            raise ParseError(f"The table cannot be read: {wrong}.") from None

    def _rows(self, table: "csv.DictReader[str]") -> Iterator[dict[str, Any]]:
        for cells in table:
            if None in cells:
                raise ParseError(f"Line {table.line_num} has more cells than the first line has names.")
            yield {name: self._value(name, cell) for name, cell in cells.items() if cell}

    def _value(self, name: str, cell: str) -> str | int:
        """A SKU and a delivery note may well be all digits, and stay text."""
        is_number = name in self.numbers and cell.isascii() and cell.isdigit() and len(cell) < 10
        return int(cell) if is_number else cell
