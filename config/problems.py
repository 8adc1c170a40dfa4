"""Every error the shop can answer with, in one table, as RFC 9457 problems.

    {"type": "…/problems/out-of-stock/", "title": "Not enough stock", "status": 409, "detail": "Only 2 of DESK left; …",
     "instance": "/api/v1/orders/", "request_id": "…", "lines": [{"sku": "DESK", "requested": 3, "available": 2}]}

Core raises plain exceptions with typed attributes; this table alone knows what each means in HTTP. REST answers, the
OpenAPI document, the HTML pages under /problems/ and `docs/problems.md` all read it.

Refuses to leak: an exception that is not listed is a bare 500, and the log has the rest under the same request_id.

Roadmap: api/error-responses, security/safe-error-handling
"""

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from graphql import GraphQLError
from psycopg.errors import IdleInTransactionSessionTimeout
from rest_framework import exceptions as rest
from rest_framework.response import Response
from rest_framework.views import exception_handler
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError

from accounts import errors as accounts
from accounts.trail import request_id
from config.errors import AddressBlocked, UnderMaintenance
from config.graphql.limits import TooMuch
from config.logs.levels import level_of
from orders import errors as orders
from shop import errors as shop
from shop.money.shapes import is_textual, told

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


class Problem(NamedTuple):
    """What an exception means in HTTP: status, the last part of its type URI, a title, the attributes it may show."""

    status: int
    slug: str
    title: str
    fields: tuple[str, ...] = ()


PROBLEMS: dict[type[Exception], Problem] = {
    # The purchase
    shop.OutOfStock: Problem(409, "out-of-stock", "Not enough stock", ("lines",)),
    orders.CartIsEmpty: Problem(409, "cart-is-empty", "The cart is empty"),
    orders.CartIsFull: Problem(409, "cart-is-full", "The cart is full", ("most",)),
    orders.NotForSale: Problem(409, "not-for-sale", "No longer for sale", ("sku",)),
    orders.MixedCurrencies: Problem(409, "mixed-currencies", "The cart mixes currencies", ("currencies",)),
    orders.TotalTooSmall: Problem(409, "total-too-small", "The total is too small to pay", ("least", "currency")),
    orders.UnknownCoupon: Problem(404, "unknown-coupon", "No such coupon"),
    orders.CouponNotValid: Problem(409, "coupon-not-valid", "The coupon is not taken", ("code", "reason")),
    orders.UnknownAddress: Problem(422, "unknown-address", "No such address", ("address",)),
    orders.PaymentDeclined: Problem(402, "payment-declined", "Payment declined", ("reason", "order")),
    orders.PaymentUnavailable: Problem(503, "payment-unavailable", "Payments are not available"),
    shop.SalesPaused: Problem(503, "sales-paused", "No purchases for now"),
    orders.OrderClosed: Problem(409, "order-closed", "The order is closed", ("order",)),
    orders.IdempotencyKeyMissing: Problem(400, "idempotency-key-missing", "Idempotency-Key missing"),
    orders.IdempotencyKeyReused: Problem(422, "idempotency-key-reused", "Idempotency-Key of another request"),
    orders.RequestInProgress: Problem(409, "request-in-progress", "The first request is still running"),
    # Afterwards
    orders.NotCancellable: Problem(409, "not-cancellable", "The order can no longer be cancelled"),
    orders.NotRefundable: Problem(409, "not-refundable", "Nothing to refund"),
    orders.RefundTooLarge: Problem(409, "refund-too-large", "More than what is left", ("refundable", "currency")),
    orders.NotFulfillable: Problem(409, "not-fulfillable", "Nothing to send"),
    orders.PaymentNotCaptured: Problem(409, "payment-not-captured", "The money is not taken yet"),
    orders.LabelTaken: Problem(409, "label-taken", "The label of another parcel", ("tracking_number",)),
    orders.IllegalTransition: Problem(409, "illegal-transition", "Not possible from here", ("old", "new")),
    orders.TargetRefused: Problem(422, "target-refused", "Not a place for webhooks"),
    orders.TooManySubscriptions: Problem(409, "too-many-subscriptions", "Too many subscriptions", ("most",)),
    orders.BadWebhook: Problem(400, "bad-webhook", "Webhook not accepted"),
    # The catalogue
    shop.UnknownProduct: Problem(404, "unknown-product", "No such product", ("sku",)),
    shop.BadReservation: Problem(400, "bad-reservation", "The reservation is not valid"),
    shop.UnknownReservation: Problem(404, "unknown-reservation", "No such reservation", ("key",)),
    shop.ReservationDiffers: Problem(409, "reservation-differs", "A reservation of other units", ("key",)),
    shop.AlreadyReviewed: Problem(409, "already-reviewed", "Reviewed before", ("review",)),
    shop.NameTaken: Problem(409, "name-taken", "The name is taken", ("member",)),
    shop.UnknownCategory: Problem(422, "unknown-category", "No such category", ("category",)),
    shop.CategoryNotEmpty: Problem(409, "category-not-empty", "The category is not empty"),
    shop.CategoryInItself: Problem(409, "category-in-itself", "The category would stand in itself"),
    shop.BadStockRequest: Problem(400, "bad-stock-request", "The question about stock is not valid"),
    shop.TooManyWatchers: Problem(429, "too-many-watchers", "Too many watch", ("most",)),
    shop.NotWatching: Problem(503, "not-watching", "The stock cannot be watched"),
    shop.NotAnImage: Problem(415, "not-an-image", "Not a picture that we read"),
    shop.ImageTooLarge: Problem(413, "image-too-large", "The picture is too large"),
    shop.TooManyImages: Problem(409, "too-many-images", "Too many pictures", ("most",)),
    shop.ShelfIsFull: Problem(409, "shelf-is-full", "The shelf is full", ("sku",)),
    shop.CountBelowReserved: Problem(409, "count-below-reserved", "Buyers were promised more", ("on_hand", "reserved")),
    # People
    accounts.TokenReused: Problem(401, "token-reused", "Refresh token used before"),
    accounts.InvalidToken: Problem(401, "invalid-token", "The token is not valid"),
    accounts.UnknownKey: Problem(401, "invalid-token", "The token is not valid"),
    accounts.WrongCredentials: Problem(401, "wrong-credentials", "Wrong e-mail address or password"),
    accounts.ForeignLoginRefused: Problem(403, "foreign-login-refused", "Not by this provider"),
    accounts.LastWayIn: Problem(409, "last-way-in", "The only way into the account"),
    accounts.InsufficientScope: Problem(403, "insufficient-scope", "The token does not reach so far", ("scope",)),
    accounts.WeakPassword: Problem(422, "weak-password", "Choose another password", ("reasons",)),
    accounts.WrongPassword: Problem(403, "wrong-password", "Not the current password"),
    accounts.StillInCharge: Problem(409, "still-in-charge", "The account has a role"),
    accounts.LinkInvalid: Problem(422, "link-not-valid", "The link is no longer good"),
    accounts.SecondFactorRequired: Problem(401, "second-factor-required", "A code is needed, too"),
    accounts.WrongCode: Problem(401, "wrong-code", "Wrong code"),
    accounts.TooManyCodes: Problem(429, "too-many-codes", "Too many wrong codes"),
    accounts.NotEnrolled: Problem(409, "not-enrolled", "No second factor yet"),
    accounts.TooManyFactors: Problem(409, "too-many-factors", "Too many second factors", ("most",)),
    accounts.StepUpRequired: Problem(403, "step-up-required", "Prove again who you are", ("max_age",)),
    accounts.InvalidApiKey: Problem(401, "invalid-api-key", "The API key is not valid"),
    accounts.AddressNotAllowed: Problem(403, "address-not-allowed", "Not from this address"),
    accounts.TooManyApiKeys: Problem(409, "too-many-api-keys", "Too many API keys", ("most",)),
    accounts.TooManyAddresses: Problem(409, "too-many-addresses", "Too many addresses", ("most",)),
    accounts.NotANetwork: Problem(422, "not-a-network", "Not a network", ("network",)),
    accounts.TooManyRequests: Problem(429, "too-many-requests", "Too many requests", ("policies",)),
    accounts.TooManyAttempts: Problem(429, "too-many-attempts", "Too many attempts"),
    rest.NotAuthenticated: Problem(401, "not-authenticated", "Log in first"),
    InvalidToken: Problem(401, "invalid-token", "The token is not valid"),
    TokenError: Problem(401, "invalid-token", "The token is not valid"),
    AuthenticationFailed: Problem(401, "invalid-token", "The token is not valid"),
    rest.AuthenticationFailed: Problem(401, "invalid-token", "The token is not valid"),
    orders.NotAllowed: Problem(403, "against-the-rules", "Not allowed", ("act",)),
    rest.PermissionDenied: Problem(403, "not-allowed", "Not allowed"),
    # The request itself
    rest.ValidationError: Problem(400, "validation-failed", "The request is not valid", ("errors",)),
    rest.ParseError: Problem(400, "malformed-body", "The body cannot be read"),
    accounts.ChangedMeanwhile: Problem(412, "changed-meanwhile", "Changed since you read it"),
    accounts.VersionNotNamed: Problem(428, "version-not-named", "Say which version you read"),
    rest.NotFound: Problem(404, "not-found", "Not found"),
    rest.MethodNotAllowed: Problem(405, "method-not-allowed", "Method not allowed"),
    rest.NotAcceptable: Problem(406, "not-acceptable", "No representation of that kind"),
    RequestDataTooBig: Problem(413, "body-too-large", "The body is too large"),
    rest.UnsupportedMediaType: Problem(415, "unsupported-media-type", "Send JSON"),
    # GraphQL
    GraphQLError: Problem(400, "invalid-document", "The GraphQL document cannot be run"),
    TooMuch: Problem(400, "document-too-dear", "The GraphQL document asks for too much"),
    # The house
    UnderMaintenance: Problem(503, "under-maintenance", "Shut for a while"),
    AddressBlocked: Problem(403, "address-blocked", "Not from your address"),
    OperationalError: Problem(503, "database-unavailable", "The database is not available"),
    InterfaceError: Problem(503, "database-unavailable", "The database is not available"),
    Exception: Problem(500, "internal-error", "Something went wrong on our side"),
}
SAME_AS: dict[type[Exception], type[Exception]] = {Http404: rest.NotFound, PermissionDenied: rest.PermissionDenied}
#: Details for exceptions whose own text is none of the caller's business.
DETAILS: dict[str, str] = {
    "database-unavailable": "Try again in a few seconds; a purchase with the same Idempotency-Key.",
    "body-too-large": "No request to this shop needs so much.",
    "internal-error": "It is written down under the request_id. "
    "A purchase that had begun is finished or undone; repeat it with the same Idempotency-Key.",
    "wrong-credentials": "There is no account with this e-mail address and password.",
    "not-found": "There is nothing here, or nothing that you may see.",
    "validation-failed": "See `errors` for what to change.",
}
RETRY_AFTER = {"database-unavailable": 5, "under-maintenance": 120}
#: What a client's library reads of a refusal: RFC 6750, RFC 9470.
CHALLENGES = {
    "insufficient-scope": 'Bearer error="insufficient_scope", scope="{scope}"',
    "invalid-api-key": "Api-Key",
    "step-up-required": 'Bearer error="insufficient_user_authentication", max_age="{max_age}"',
}
#: What a problem means whose exception is a library's; ours say it in their docstrings.
MEANINGS = {
    "not-authenticated": "This needs to know who you are: send `Authorization: Bearer …` with an access token.",
    "invalid-token": "The access or refresh token is malformed, expired, or of somebody who may no longer log in.",
    "too-many-requests": "The buckets in `policies` are empty; `Retry-After` says when enough is back in them.",
    "not-allowed": "You are known, and may not do this.",
    "validation-failed": "The request has the wrong shape; `errors` points at each thing to change.",
    "malformed-body": "The body is not what its Content-Type says.",
    "not-found": "Nothing lives here, or nothing that you may see: somebody else's order looks the same as none.",
    "method-not-allowed": "This resource does not know the method; `Allow` lists those that it does.",
    "not-acceptable": "The answer cannot be given in any form that `Accept` asks for; it is JSON, for some lists CSV.",
    "body-too-large": "The body is larger than a megabyte, to `/graphql/` than 50 kB, than the 800 kB of a list "
    "of deliveries, or than the 5 MB of a picture.",
    "invalid-document": "It is no GraphQL, or asks for what the schema does not have; nothing of it was run.",
    "unsupported-media-type": "The body must be JSON, in some places CSV or a form, and say so in its Content-Type.",
    "database-unavailable": "The database cannot be reached. If a purchase had begun it is finished in the background; "
    "repeat it with the same key.",
    "internal-error": "A fault of ours. The log has everything about it under the `request_id`.",
}


def problem_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception raised in a view (DRF's EXCEPTION_HANDLER); None, hence Django's 500, for an unknown one."""
    problem = problem_of(exception)
    if problem.status == 500:
        return None
    if problem.status == 503:
        logger.log(level_of(exception), "%s: %s", problem.slug, exception)
    # DRF's own handler rolls back and sets WWW-Authenticate; what it does not know it leaves to us.
    known = exception_handler(exception, context)
    headers = (
        {name: value for name, value in known.headers.items() if name != "Content-Type"} if known is not None else {}
    )
    retry_after = getattr(exception, "retry_after", RETRY_AFTER.get(problem.slug))
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if problem.slug in CHALLENGES:
        headers["WWW-Authenticate"] = CHALLENGES[problem.slug].format(**vars(exception))
    path = context["request"].path if context.get("request") else ""
    shown = body(problem, exception, path, textual=is_textual(context))
    return Response(shown, problem.status, headers=headers, content_type=CONTENT_TYPE)


def plain_response(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer an exception outside of DRF the same way."""
    problem = problem_of(exception)
    response = JsonResponse(body(problem, exception, request.path), status=problem.status, content_type=CONTENT_TYPE)
    if problem.slug in RETRY_AFTER:
        response["Retry-After"] = str(RETRY_AFTER[problem.slug])
    return response


def meaning(error: type[Exception]) -> str:
    """Return in words what a listed error means, for people who meet it."""
    return MEANINGS.get(PROBLEMS[error].slug) or " ".join((error.__doc__ or "").split())


def problem_of(exception: Exception) -> Problem:
    """Return the table's row for the exception or its nearest listed ancestor.

    PostgreSQL ends a transaction whose process slept too long; Django files that with our triggers' refusals.
    """
    slept = isinstance(exception.__cause__, IdleInTransactionSessionTimeout)
    for ancestor in (OperationalError if slept else type(exception)).__mro__:
        if found := PROBLEMS.get(SAME_AS.get(ancestor, ancestor)):
            return found
    raise AssertionError("every exception is an Exception")


def body(problem: Problem, exception: Exception, path: str, *, textual: bool = True) -> dict[str, Any]:
    """Build the problem document of RFC 9457. `textual`: with money as v1 of the REST API has it."""
    return {
        "type": f"/problems/{problem.slug}/",
        "title": problem.title,
        "status": problem.status,
        "detail": DETAILS.get(problem.slug) or _detail(exception),
        "instance": path,
        "request_id": request_id.get(),
        **_members(problem, exception, textual=textual),
    }


def _members(problem: Problem, exception: Exception, *, textual: bool) -> dict[str, Any]:
    """What it says beyond the standard; an amount stands in the currency that the exception names beside it."""
    members = {field: _field(exception, field) for field in problem.fields}
    amounts = {field: value for field in members if isinstance(value := getattr(exception, field, None), Decimal)}
    if textual or not amounts:
        return members
    currency = members.pop("currency")
    return members | {field: told(amount, currency) for field, amount in amounts.items()}


def _detail(exception: Exception) -> str:
    if isinstance(exception, InvalidToken | AuthenticationFailed):
        return "The access token is malformed or has expired. Log in again or refresh it."
    if isinstance(exception, rest.APIException):
        return str(exception.detail)
    if isinstance(exception, GraphQLError):
        return exception.message  # as text it would quote the document, too
    return str(exception)


def _field(exception: Exception, field: str) -> Any:
    if isinstance(exception, shop.OutOfStock):
        return [shortage._asdict() for shortage in exception.shortages]
    if isinstance(exception, rest.ValidationError):
        return list(_pointers(exception.detail, "#"))
    value = getattr(exception, field)
    return value if isinstance(value, str | int | list) else str(value)


def _pointers(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """Flatten DRF's nested messages, each to a pointer and a sentence: {"pointer": "#/shipping_address/city", …}."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _pointers(value, pointer if key == "non_field_errors" else f"{pointer}/{key}")
    elif isinstance(detail, list):
        for place, value in enumerate(detail):
            yield from _pointers(value, f"{pointer}/{place}" if isinstance(value, dict) else pointer)
    else:
        yield {"pointer": pointer, "detail": str(detail)}
