"""What orders refuse, as sentences with typed attributes. `config/problems.py` says how each leaves over HTTP.

Roadmap: languages/error-handling
"""

from decimal import Decimal
from uuid import UUID


class OrderError(Exception):
    """Base of every refusal of this app."""


class CartIsEmpty(OrderError):
    """There is nothing to buy: the cart has no lines, or another press of the button has taken them."""

    def __init__(self) -> None:
        super().__init__("Your cart is empty.")


class CartIsFull(OrderError):
    """The cart has as many different products as a cart may have."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"A cart holds at most {most} different products.")


class NotForSale(OrderError):
    """A product in the cart was taken out of the shop meanwhile."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        super().__init__(f"{sku} is no longer for sale. Take it out of the cart to go on.")


class MixedCurrencies(OrderError):
    """One order has one currency."""

    def __init__(self, currencies: list[str]) -> None:
        self.currencies = currencies
        super().__init__(f"The cart mixes {' and '.join(currencies)}; buy them in separate orders.")


class TotalTooSmall(OrderError):
    """The payment provider takes no payment that small."""

    def __init__(self, least: Decimal, currency: str) -> None:
        self.least, self.currency = least, currency
        super().__init__(f"The smallest payment is {least} {currency}. Add something to the cart to go on.")


class UnknownCoupon(OrderError):
    """Nobody gave out a coupon with this code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__("There is no such coupon. Look at the code again.")


#: Why a coupon is refused, in words.
COUPON_REFUSALS = {
    "not_begun": "is not valid yet",
    "expired": "is no longer valid",
    "used_up": "was used as often as it may be",
    "brings_nothing": "takes nothing off what is in the cart",
}


class CouponNotValid(OrderError):
    """The coupon of the cart is over, used up, or does not fit it. Nothing was bought: the price would not be the one
    that was shown.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(
            f"The coupon {code} {COUPON_REFUSALS[reason]}. Take it off the cart, or send if_coupon_fails: continue, to "
            "buy at the price without it."
        )


class UnknownAddress(OrderError):
    """The buyer's account keeps no address with this id."""

    def __init__(self, address: UUID | None) -> None:
        self.address = address
        super().__init__("Your account has no such address. Choose another one, or send the text.")


class IdempotencyKeyMissing(OrderError):
    """This request moves money, and without a key a retry could move it twice."""

    def __init__(self) -> None:
        super().__init__(
            "Send an Idempotency-Key header of 1 to 255 printable characters, a new one for each purchase."
        )


class IdempotencyKeyReused(OrderError):
    """The key belongs to another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another request. Use a new key for a new purchase.")


class RequestInProgress(OrderError):
    """The first request with this key is still being worked on."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still running. Ask again in a moment.")


class PaymentDeclined(OrderError):
    """The provider said no; nothing was charged and the units are back on the shelf."""

    def __init__(self, reason: str, order: str, *, by_bank: bool) -> None:
        """`by_bank`: the bank was asked, and it was not the provider that refused the request itself."""
        self.reason, self.order = reason, order
        who = "Your bank" if by_bank else "The payment provider"
        super().__init__(f"{who} declined the payment ({reason.replace('_', ' ')}). Your cart is as it was.")


class PaymentUnavailable(OrderError):
    """The provider cannot be reached, so the purchase was stopped before any money could move."""

    retry_after = 10

    def __init__(self) -> None:
        super().__init__("Payments are not available right now. Nothing was charged and your cart is as it was.")


class OrderClosed(OrderError):
    """The order was cancelled or ran out of time before the payment was through; nothing is charged."""

    def __init__(self, order: str, status: str) -> None:
        self.order, self.status = order, status
        super().__init__(f"Order {order} is {status}. Nothing is charged.")


class IllegalTransition(OrderError):
    """The order or payment cannot take this step from where it stands."""

    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new
        super().__init__(f"What is {old} cannot become {new}.")


class NotAllowed(OrderError):
    """You are known, and a rule of the shop says no; `reason` says which."""

    def __init__(self, act: str, reason: str) -> None:
        self.act, self.reason = act, reason
        super().__init__(reason)


class NotCancellable(OrderError):
    """Only an order that was not yet packed can be cancelled."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"This order is {status} and can no longer be cancelled.")


class NotRefundable(OrderError):
    """The order is not paid, or nothing of its money is left to give back."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"This order is {status}; there is no payment to refund.")


class RefundTooLarge(OrderError):
    """More than what is left of the payment."""

    def __init__(self, refundable: Decimal, currency: str) -> None:
        self.refundable, self.currency = refundable, currency
        super().__init__(f"At most {refundable} {currency} of this order can still be refunded.")


class NotFulfillable(OrderError):
    """Only a paid order is packed and sent, and none whose money goes back."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"This order is {status}; there is nothing to send.")


class PaymentNotCaptured(OrderError):
    """The money is held, not taken yet; goods leave the house after that."""

    retry_after = 5

    def __init__(self) -> None:
        super().__init__("The money for this order is still on its way. Ship it in a moment.")


class LabelTaken(OrderError):
    """Another parcel already carries this tracking number."""

    def __init__(self, tracking_number: str) -> None:
        self.tracking_number = tracking_number
        super().__init__(f"Another parcel has the tracking number {tracking_number}. Look at the label again.")


class TargetRefused(OrderError):
    """A webhook may not be sent to this address: it is not https, or does not lead to the public internet."""


class TooManySubscriptions(OrderError):
    """The shop has as many webhook subscriptions as it may have."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"There are {most} webhook subscriptions. End one first.")


class BadWebhook(OrderError):
    """The signature, the timestamp or the body of a webhook is not the provider's."""

    def __init__(self) -> None:
        super().__init__("The webhook is not signed by the payment provider, or is too old.")
