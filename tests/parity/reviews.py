"""What buyers say about what they bought: who may, how often, and who takes it out of sight."""

from typing import Any

from tests.parity.steps import (
    NOBODY,
    NOT_ALLOWED,
    NOTHING_HERE,
    ONE_DESK,
    Case,
    End,
    Refusal,
    Step,
    add,
    invalid,
    press,
)

NO_BUYER = Refusal("against-the-rules", "Reviews are written by buyers of the product.", act="review.write")
TWICE = Refusal(
    "already-reviewed", "You have reviewed this product before. Change that review instead.", review="first review"
)


def said(rating: int, text: str) -> End:
    return {"review": "first review", "author": "Alice", "rating": rating, "text": text}


def write(end: End, who: str = "alice", **changed: Any) -> Step:
    return Step("write review", {"slug": "desk", "rating": 5, "text": "Solid."} | changed, end, who)


def on_it(act: str, end: End, who: str = "alice", **wanted: Any) -> Step:
    """Change, withdraw or hide the newest review."""
    return Step(act, {"slug": "desk", "review": "{review}"} | wanted, end, who)


def read(*ends: End) -> Step:
    return Step("read reviews", {"slug": "desk"}, list(ends), "guest")


SOLID, WOBBLY = said(5, "Solid."), said(2, "It wobbles.")
BOUGHT = [add(1), press(ONE_DESK)]
REVIEWING = [
    Case("a buyer's review", [
        *BOUGHT, read(), write(SOLID), read(SOLID), on_it("change review", WOBBLY, rating=2, text="It wobbles."),
        read(WOBBLY), on_it("withdraw review", None), read(),
    ]),
    Case("a second review", [*BOUGHT, write(SOLID), write(TWICE, rating=1), read(SOLID)]),
    Case("a review by who has not bought", [*BOUGHT, write(NO_BUYER, "bob"), write(NOBODY, "guest"), read()]),
    Case("a review of what is not there", [write(NOTHING_HERE, slug="sofa")]),
    Case("six stars", [
        *BOUGHT, write(invalid(rating="Ensure this value is less than or equal to 5."), rating=6), read(),
    ]),
    Case("a review of somebody else", [
        *BOUGHT, write(SOLID), on_it("change review", NOTHING_HERE, "bob", rating=1),
        on_it("withdraw review", NOTHING_HERE, "bob"), on_it("hide review", NOT_ALLOWED, "bob"), read(SOLID),
    ]),
    Case("a review out of sight", [*BOUGHT, write(SOLID), on_it("hide review", None, "carol"), read()]),
]  # fmt: skip
