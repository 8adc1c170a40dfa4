"""The contract of the stock service: its code is as generated, and a number never comes to mean something else."""

from pathlib import Path

import pytest

from deploy.local import protocol
from deploy.local.protocol import BOOK, GENERATED, ROOT, Reused, generate, grown, numbers, read_book

pytestmark = pytest.mark.roadmap("api/grpc-proto")
MESSAGE = "shop.stock.v1.Line"


def house(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the contract and its book, with changes."""
    text = (ROOT / protocol.CONTRACT).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / protocol.CONTRACT).parent.mkdir(parents=True)
    (tmp_path / protocol.CONTRACT).write_text(text)
    (tmp_path / BOOK).parent.mkdir(parents=True)
    (tmp_path / BOOK).write_text((ROOT / BOOK).read_text())
    return tmp_path


def test_code_and_book_that_are_checked_in_are_what_the_contract_says(tmp_path: Path) -> None:
    root = house(tmp_path)

    assert protocol.main(root) == 0

    for file in GENERATED:
        fresh = (root / "shop" / "grpc" / file).read_text()
        assert fresh == (ROOT / "shop" / "grpc" / file).read_text(), "`make schema` writes it anew"
    assert (root / BOOK).read_text() == (ROOT / BOOK).read_text()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("uint32 quantity = 2;", "uint32 units = 2;", f"{MESSAGE} 2 was 'uint32 quantity' and is 'uint32 units'"),
        ("uint32 quantity = 2;", "string quantity = 2;", f"{MESSAGE} 2 was 'uint32 quantity' and is 'string quantity'"),
        (
            "uint32 quantity = 2;",
            "uint32 quantity = 3;",
            f"{MESSAGE} 2 was 'uint32 quantity' and is 'gone; reserve it'",
        ),
        ("STATE_EXPIRED = 3", "STATE_LOST = 3", "Reservation.State 3 was 'STATE_EXPIRED' and is 'STATE_LOST'"),
    ],
    ids=["renamed", "of another type", "moved", "another word"],
)
def test_number_that_means_something_else_is_refused_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, fault: str
) -> None:
    root = house(tmp_path, (old, new))

    assert protocol.main(root) == 1

    assert fault in capsys.readouterr().err
    assert not (root / "shop" / "grpc" / GENERATED[0]).exists()


def test_removed_field_leaves_its_number_reserved_and_its_line_in_the_book(tmp_path: Path) -> None:
    reserved = 'reserved 2; reserved "quantity"; uint32 units = 3;'
    root = house(tmp_path, ("uint32 quantity = 2;", reserved))

    assert protocol.main(root) == 0

    book = read_book(root / BOOK)
    assert (book[f"{MESSAGE} 2"], book[f"{MESSAGE} 3"]) == ("uint32 quantity", "uint32 units")


def test_number_once_reserved_cannot_come_back_as_something_else(tmp_path: Path) -> None:
    now = numbers(generate(tmp_path, house(tmp_path / "house")))

    with pytest.raises(Reused, match="was 'bool is_gift'"):
        grown({f"{MESSAGE} 2": "bool is_gift"}, now)
    with pytest.raises(SystemExit):
        generate(tmp_path, house(tmp_path / "broken", ("uint32 quantity = 2;", "uint32 quantity = 1;")))
