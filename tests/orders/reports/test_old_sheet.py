"""A flat order sheet comes apart without loss, each fact ends in one place, and what contradicts itself is refused."""

import pytest

from orders.reports.old_sheet import Contradiction, SheetRow, first_form, joined, third_form

pytestmark = [pytest.mark.roadmap("databases/normalization")]
SHEET = [
    SheetRow(7, "2026-03-01", "alice@example.com", "Hamburg", "2 x DESK Oak desk; 1 x LAMP Lamp"),
    SheetRow(8, "2026-03-02", "bob@example.com", "Bremen", "1 x DESK Oak desk"),
    SheetRow(9, "2026-03-02", "alice@example.com", "Hamburg", "4 x LAMP Lamp"),
]


def test_first_form_has_one_line_in_each_row_and_repeats_the_rest() -> None:
    lines = list(first_form(SHEET))

    assert [(line.order, line.sku, line.units) for line in lines] == [
        (7, "DESK", 2),
        (7, "LAMP", 1),
        (8, "DESK", 1),
        (9, "LAMP", 4),
    ]
    assert [line.name for line in lines].count("Oak desk") == 2


def test_third_form_says_each_thing_once() -> None:
    tables = third_form(first_form(SHEET))

    assert tables.products == {"DESK": "Oak desk", "LAMP": "Lamp"}
    assert tables.people == {"alice@example.com": "Hamburg", "bob@example.com": "Bremen"}
    assert tables.orders[9] == ("2026-03-02", "alice@example.com")


def test_nothing_is_lost() -> None:
    assert joined(third_form(first_form(SHEET))) == SHEET


def test_name_that_changes_is_changed_in_one_place_and_everywhere() -> None:
    tables = third_form(first_form(SHEET))

    tables.products["DESK"] = "Walnut desk"

    assert [row.goods.count("Walnut desk") for row in joined(tables)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("row", "about"),
    [
        (SheetRow(10, "2026-03-03", "bob@example.com", "Bremen", "1 x DESK Pine desk"), "DESK: Oak desk and Pine desk"),
        (SheetRow(10, "2026-03-03", "bob@example.com", "Kiel", "1 x LAMP Lamp"), "bob@example.com: Bremen and Kiel"),
        (SheetRow(8, "2026-03-02", "bob@example.com", "Bremen", "5 x DESK Oak desk"), "DESK"),
    ],
)
def test_sheet_that_contradicts_itself_is_refused(row: SheetRow, about: str) -> None:
    with pytest.raises(Contradiction, match=about):
        third_form(first_form([*SHEET, row]))


def test_cell_that_is_no_line_is_refused() -> None:
    with pytest.raises(ValueError, match="Order 1: 'a desk' is not units x SKU name"):
        list(first_form([SheetRow(1, "2026-03-01", "a@example.com", "Kiel", "a desk")]))
