"""Lists of deliveries as clients send and see them.

Roadmap: api/request-response-validation
"""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from accounts.hypermedia import LinksField
from accounts.serializers.strict import TextField
from orders.hypermedia import of_import
from orders.models import StockImport, StockImportRow
from shop.bodies import ReceiptSerializer

Rows = list[dict[str, Any]]
#: Rows of one list, which take half a second to look through; more is sent as two.
MOST_ROWS = 2000
#: So many rows are complained about at once: whoever sent another table than they meant need not read it back.
MOST_COMPLAINTS = 50


class ImportRowSerializer(ReceiptSerializer):
    """A delivery of the list, as it could have been sent alone."""

    sku = TextField(max_length=40)
    reference = TextField(max_length=80, required=False, help_text="The delivery note; left out: the import.")


#: Made once: a serializer copies all its fields whenever it is made.
ROW = ImportRowSerializer()
#: What the document says of a list. It is read by `rows_of`, which ends with the first so many complaints.
ROWS = ImportRowSerializer(many=True, min_length=1, max_length=MOST_ROWS)  # type: ignore[call-arg] # a list's


def rows_of(sent: Any) -> Rows:
    """Return the rows as they are to be booked; raise ValidationError that points at each wrong one by its place."""
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST_ROWS:
        raise ValidationError([f"Send a list of 1 to {MOST_ROWS} rows."])
    rows, complaints = [], {}
    for place, row in enumerate(sent):
        try:
            rows.append(ROW.run_validation(row))
        except ValidationError as wrong:
            complaints[str(place)] = wrong.detail
        if len(complaints) == MOST_COMPLAINTS:
            break
    if complaints:
        raise ValidationError(complaints)
    return rows


class ImportSerializer(serializers.ModelSerializer[StockImport]):
    """How far the list is."""

    rows = serializers.IntegerField(source="row_count")
    _links = LinksField(of_import)

    class Meta:
        model = StockImport
        fields = ["id", "status", "rows", "booked", "refused", "created_at", "finished_at", "_links"]


class RefusalSerializer(serializers.ModelSerializer[StockImportRow]):
    """A row that was not booked, and the problem that it would have been answered with alone."""

    row = serializers.IntegerField(source="number", help_text="Its place in the list; the first one is 0.")
    type = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField()

    class Meta:
        model = StockImportRow
        fields = ["row", "sku", "quantity", "reference", "type", "detail"]

    def get_type(self, row: StockImportRow) -> str:
        """Names the kind of problem."""
        return str(self._problem(row)["type"])

    def get_detail(self, row: StockImportRow) -> str:
        """What is wrong with it, in words."""
        return str(self._problem(row)["detail"])

    def _problem(self, row: StockImportRow) -> Mapping[str, Any]:
        """As the table of problems has it, which this app knows by its setting alone."""
        in_words: Any = api_settings.EXCEPTION_HANDLER
        return in_words(row.problem, {}).data
