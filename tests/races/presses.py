"""Eight hands on one button with one key, and what may come of it: one order, equal answers, or "still running".

Roadmap: testing/database-load-tests
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

from deploy.demo.shopper import Shopper
from tests.races.crowd import rush


class Trial(NamedTuple):
    """The number of the order, how many heard of it at once, and everything that was answered wrongly."""

    order: str
    replayed: int
    faults: list[str]


def same_key(hands: Sequence[Shopper], sku: str) -> Trial:
    """Fill the cart, press with all hands at one moment, then once more when the dust has settled."""
    key = str(uuid4())
    hands[0].fill(sku).raise_for_status()
    answers = [own[0] for own in rush(hands, lambda hand: [hand.buy(key)])]
    later = hands[-1].buy(key)
    paid = [answer for answer in answers if answer.status_code == 201]
    faults = [f"{one.status_code} {one.text}" for one in (*paid, later) if one.content != later.content]
    faults += [
        f"{answer.status_code} {answer.text}"
        for answer in answers
        if answer not in paid
        and (answer.status_code, answer.json().get("type")) != (409, "/problems/request-in-progress/")
    ]
    if later.status_code != 201 or not paid:
        faults.append(f"nobody was told of a paid order: {later.status_code} {later.text}")
    return Trial(later.json().get("number", ""), len(paid), faults)
