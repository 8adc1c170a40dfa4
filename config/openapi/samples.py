"""One example of every problem, made by the function that answers it, from an exception as it would be raised.

They stand once in the document, under `components/examples`, and every operation that may answer so points at them.

Roadmap: api/openapi-documentation, api/error-responses
"""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from graphql import GraphQLError
from rest_framework import exceptions as rest
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts import errors as accounts
from config.errors import AddressBlocked, UnderMaintenance
from config.graphql.limits import TooMuch
from config.openapi.versions import version_of
from config.problems import body, problem_of
from orders import errors as orders
from shop import errors as shop
from shop.money.shapes import is_textual

ORDER, KEY = "7KQ2-M4XD-9RT0", UUID("8e03978e-40d5-43e8-bc93-6894a57f9324")
#: What changes with each request.
INSTANCE, REQUEST_ID = "/api/{version}/…/", "5f1c9d7e2b3a4c6d"
SAMPLES: list[Exception] = [
    shop.OutOfStock([shop.Shortage("DESK-WAL-160", "Walnut Desk", requested=3, available=2)]),
    orders.CartIsEmpty(),
    orders.CartIsFull(100),
    orders.NotForSale("DESK-WAL-160"),
    orders.MixedCurrencies(["CHF", "EUR"]),
    orders.TotalTooSmall(Decimal("0.50"), "EUR"),
    orders.UnknownCoupon("WINTER"),
    orders.CouponNotValid("SPRING", "used_up"),
    orders.UnknownAddress(KEY),
    orders.PaymentDeclined("insufficient_funds", ORDER, by_bank=True),
    orders.PaymentUnavailable(),
    shop.SalesPaused(),
    orders.OrderClosed(ORDER, "cancelled"),
    orders.IdempotencyKeyMissing(),
    orders.IdempotencyKeyReused(),
    orders.RequestInProgress(),
    orders.NotCancellable("refunded"),
    orders.NotRefundable("pending"),
    orders.RefundTooLarge(Decimal("80.00"), "EUR"),
    orders.NotFulfillable("cancelled"),
    orders.PaymentNotCaptured(),
    orders.LabelTaken("JD014600003SE"),
    orders.IllegalTransition("refunded", "paid"),
    orders.TargetRefused("This address is not on the public internet."),
    orders.TooManySubscriptions(20),
    orders.BadWebhook(),
    orders.NotAllowed("refund_order", "More than 500.00 is for a manager to give back."),
    shop.UnknownProduct("DESK-OAK-999"),
    shop.NameTaken("sku"),
    shop.UnknownCategory("sofas"),
    shop.CategoryNotEmpty(),
    shop.CategoryInItself(),
    shop.CountBelowReserved(3, 5),
    shop.ShelfIsFull("DESK-WAL-160"),
    shop.AlreadyReviewed("9b2f6c1e-7d43-4a58-b1f0-2c8e5d7a9034"),
    shop.NotAnImage(),
    shop.ImageTooLarge("A picture has at most 5,000,000 bytes."),
    shop.TooManyImages(12),
    shop.BadReservation("A reservation has at least one line."),
    shop.UnknownReservation(KEY),
    shop.ReservationDiffers(KEY),
    accounts.ChangedMeanwhile(),
    accounts.VersionNotNamed(),
    shop.BadStockRequest("Name at least one SKU and at most 100."),
    shop.TooManyWatchers(24),
    shop.NotWatching(),
    accounts.TokenReused(),
    accounts.WrongCredentials(),
    accounts.ForeignLoginRefused("This provider does not say that the address is yours."),
    accounts.LastWayIn("Choose a password first: this is the only way into your account."),
    accounts.InsufficientScope("orders:write"),
    accounts.WeakPassword(["This password is too common."]),
    accounts.WrongPassword(),
    accounts.StillInCharge(),
    accounts.LinkInvalid(),
    accounts.SecondFactorRequired(),
    accounts.WrongCode(),
    accounts.TooManyCodes(900),
    accounts.NotEnrolled(),
    accounts.TooManyFactors(5),
    accounts.StepUpRequired(900),
    accounts.InvalidApiKey(),
    accounts.AddressNotAllowed(),
    accounts.TooManyApiKeys(20),
    accounts.TooManyAddresses(20),
    accounts.NotANetwork("192.0.2.0/33"),
    accounts.TooManyAttempts(300),
    accounts.TooManyRequests(30, ["search"], []),
    rest.NotAuthenticated(),
    InvalidToken(),
    rest.PermissionDenied(),
    rest.ValidationError({"quantity": ["A valid integer is required."]}),
    rest.ParseError("JSON parse error - Expecting value: line 1 column 1 (char 0)"),
    rest.NotFound(),
    rest.MethodNotAllowed("PUT"),
    rest.NotAcceptable(),
    RequestDataTooBig(),
    rest.UnsupportedMediaType("text/xml"),
    GraphQLError("Cannot query field 'prise' on type 'Product'."),
    TooMuch("The document nests deeper than 10 levels."),
    UnderMaintenance(),
    AddressBlocked(),
    OperationalError(),
    RuntimeError(),
]


def add_problems(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Put one example of each problem into the finished document (a hook of drf-spectacular)."""
    pointed_at, made = json.dumps(result["paths"]), problems(version_of(generator))
    shown = {slug: one for slug, one in sorted(made.items()) if f'"{reference(slug)["$ref"]}"' in pointed_at}
    return result | {"components": {**result["components"], "examples": shown}}


def problems(version: str = "v1") -> dict[str, dict[str, Any]]:
    """Return an example for each kind of problem in a version of the API, by slug."""
    made = [(problem_of(sample), sample) for sample in SAMPLES]
    instance, textual = INSTANCE.format(version=version), is_textual({"version": version})
    return {
        problem.slug: {
            "summary": problem.title,
            "value": body(problem, sample, instance, textual=textual) | {"request_id": REQUEST_ID},
        }
        for problem, sample in made
    }


def reference(slug: str) -> dict[str, str]:
    """Return what points at an example."""
    return {"$ref": f"#/components/examples/{slug}"}
