"""Order numbers survive the telephone, and a wrong letter never finds somebody else's order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.models.numbers import ALPHABET, new_number, normalize


def test_number_is_twelve_letters_in_three_groups() -> None:
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}", new_number())


def test_numbers_do_not_repeat() -> None:
    assert len({new_number() for _ in range(2000)}) == 2000


@given(st.builds(new_number))
def test_number_is_found_however_it_is_spoken(number: str) -> None:
    said = number.lower().replace("-", " ").replace("0", "o").replace("1", "l").replace("v", "u")

    assert normalize(said) == number
    assert normalize(number.replace("-", "")) == number
    assert normalize(number.replace("1", "I")) == number


@given(st.builds(new_number), st.integers(0, 11), st.sampled_from(ALPHABET))
def test_single_wrong_letter_is_always_caught(number: str, place: int, letter: str) -> None:
    letters = number.replace("-", "")
    heard = letters[:place] + letter + letters[place + 1 :]

    assert normalize(heard) == (number if letter == letters[place] else None)


@pytest.mark.parametrize(
    "nonsense", ["", "-", "7KQ2", "7KQ2-M4XD-9RT*", "0" * 13, "ſ" * 12, "١" * 12, "7KQ2-M4XD-9RTÇ"]
)
def test_what_cannot_be_a_number_is_none(nonsense: str) -> None:
    assert normalize(nonsense) is None
