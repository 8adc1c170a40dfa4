"""What the shop refuses, as sentences with typed attributes. `config/problems.py` says how each leaves over HTTP.

Roadmap: languages/error-handling
"""

from typing import NamedTuple
from uuid import UUID


class ShopError(Exception):
    """Base of every refusal of this app."""


class Shortage(NamedTuple):
    """One line that cannot be had: how many were asked for, and how many are left."""

    sku: str
    name: str
    requested: int
    available: int


class OutOfStock(ShopError):
    """At least one line asks for more than is left; nothing was set aside."""

    def __init__(self, shortages: list[Shortage]) -> None:
        self.shortages = shortages
        super().__init__(" ".join(_sentence(shortage) for shortage in shortages))


def _sentence(shortage: Shortage) -> str:
    if shortage.available == 0:
        return f"{shortage.name} is sold out."
    return f"Only {shortage.available} of {shortage.name} left; you asked for {shortage.requested}."


class SalesPaused(ShopError):
    """No new purchase may begin for now; carts and orders are as they were."""

    retry_after = 60

    def __init__(self, note: str = "") -> None:
        super().__init__(note or "The shop takes no orders at the moment. Your cart is kept.")


class UnknownProduct(ShopError):
    """No listed product has this SKU."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        super().__init__(f"There is no product {sku!r} in the shop.")


class NameTaken(ShopError):
    """Another product or category has this SKU or slug; `member` says which of the two it is."""

    def __init__(self, member: str) -> None:
        self.member = member
        super().__init__(f"There is one with this {member} already.")


class UnknownCategory(ShopError):
    """No category has this slug."""

    def __init__(self, category: str) -> None:
        self.category = category
        super().__init__(f"There is no category {category!r}.")


class CategoryNotEmpty(ShopError):
    """Products or categories still stand in it, unlisted ones included: move them first."""

    def __init__(self) -> None:
        super().__init__("Products or categories still stand in it. Move them first.")


class CategoryInItself(ShopError):
    """A category cannot stand in itself, nor in one that stands in it."""

    def __init__(self) -> None:
        super().__init__("A category cannot stand in itself, nor in one that stands in it.")


class CountBelowReserved(ShopError):
    """A stock count below what is already promised to buyers: cancel orders first, then correct."""

    def __init__(self, on_hand: int, reserved: int) -> None:
        self.on_hand, self.reserved = on_hand, reserved
        super().__init__(f"{reserved} units are reserved for buyers; a count of {on_hand} would break that promise.")


class ShelfIsFull(ShopError):
    """More units of one product than a shelf can count. The delivery has a digit too many."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        super().__init__(f"No shelf has room for so many units of {sku}.")


class AlreadyReviewed(ShopError):
    """A buyer says what they think of a product once; the review that is there can be changed."""

    def __init__(self, review: str) -> None:
        self.review = review
        super().__init__("You have reviewed this product before. Change that review instead.")


class NotAnImage(ShopError):
    """The upload is no JPEG, PNG or WebP, whatever its name says, or it breaks off."""

    def __init__(self) -> None:
        super().__init__("Send a JPEG, a PNG or a WebP picture that is whole.")


class ImageTooLarge(ShopError):
    """The picture has more bytes, or more pixels, than we open."""


class TooManyImages(ShopError):
    """The product has as many pictures as it may have; remove one first."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"A product has at most {most} pictures.")


class UnknownReservation(ShopError):
    """Nobody of this name has made a reservation under this key; somebody else's looks the same as none."""

    def __init__(self, key: UUID) -> None:
        self.key = key
        super().__init__(f"There is no reservation {key}.")


class ReservationDiffers(ShopError):
    """The key is that of an earlier reservation of other units. That one stands as it was; make another key."""

    def __init__(self, key: UUID) -> None:
        self.key = key
        super().__init__(f"Reservation {key} was made for other units.")


class BadReservation(ShopError):
    """No reservation can be like that: without a line, of no units, or for no time at all."""


class BadStockRequest(ShopError):
    """What a warehouse asked for cannot be meant: no SKU, too many, or a key that is no UUID."""


class TooManyWatchers(ShopError):
    """As many watch the stock as this process can serve; try another one, or later."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} watch already.")


class NotWatching(ShopError):
    """Nobody can watch the stock now: the shop is closing, or its database is away. Call again in a moment."""

    retry_after = 2

    def __init__(self) -> None:
        super().__init__("The stock cannot be watched now.")
