"""Talking to the payment provider: Stripe's API through Stripe's own library; one variable points it at a stand-in.

Every call has a deadline, carries our own id as the provider's idempotency key, and is tried again once, after a random
pause, if the network or the provider failed: safe, because the key makes a repetition find the first result.

Roadmap: commerce/payment-gateway, commerce/external-services, testing/contract-tests
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import stripe
import urllib3
from django.conf import settings
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from accounts import trail
from orders.breaker import Breaker, BreakerOpen
from orders.figures.provider import Metered
from orders.models import Payment, Refund
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown, Unsent
from shop.money.units import minor_units

logger = logging.getLogger(__name__)
ATTEMPTS = 2
#: Seconds between them at most.
LONGEST_PAUSE = 0.2


Result = TypeVar("Result")


class ProviderFailed(Exception):
    """A capture, void or refund did not go through this time; the outbox tries again."""


class PaymentGateway(Protocol):
    """What the shop needs of a payment provider; tests hand in one that has no network."""

    def is_refusing(self) -> bool: ...
    def authorize(self, payment: Payment) -> Outcome: ...
    def find(self, payment: Payment) -> Outcome: ...
    def forestall(self, payment: Payment) -> Outcome: ...
    def capture(self, payment: Payment) -> None: ...
    def void(self, payment: Payment) -> None: ...
    def refund(self, refund: Refund) -> str: ...


class TracedClient(stripe.RequestsClient):
    """Sends the id of the request that we work for, so that the provider's people and ours speak of the same call.

    Roadmap: observability/correlation-ids
    """

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        """As Stripe's, with one header more; only what the network does is a failure of the network. Stripe's takes
        whatever is raised in it for one, the interruption of a task whose time is up too, and it would be tried again.
        """
        try:
            return super().request(method, url, {**(headers or {}), **trail.headers()}, post_data, **usage)
        except stripe.APIConnectionError as failure:
            cause = failure.__cause__
            if cause is None or isinstance(cause, OSError | urllib3.exceptions.HTTPError):
                raise
            raise cause from None


class StripeGateway:
    """The provider behind Stripe's API. Amounts go out in minor units; ids of ours ride along as metadata.

    Roadmap: architecture/service-communication
    """

    def __init__(self, *, api_key: str, base: str, deadline: float, breaker: Breaker) -> None:
        """`deadline` in seconds covers both attempts and the pause between them; `base` empty means Stripe itself."""
        # `total`, since a plain number would be granted to the connection and once more to the answer.
        patience: Any = urllib3.Timeout(total=max((deadline - LONGEST_PAUSE) / ATTEMPTS, 0.1))
        http_client = TracedClient(timeout=patience)
        bases: Any = {"base_addresses": {"api": base}} if base else {}
        self._client = stripe.StripeClient(api_key, http_client=http_client, max_network_retries=0, **bases).v1
        self._breaker = breaker

    def is_refusing(self) -> bool:
        """Whether the breaker is open: a purchase is then refused before anything is written."""
        return self._breaker.is_open()

    def authorize(self, payment: Payment) -> Outcome:
        """Ask the provider to hold the amount. Repeated with the same payment it returns what the first call did."""
        card = {
            "payment_method": payment.method,
            "confirm": True,
            "error_on_requires_action": True,  # a card that asks for 3-D Secure is declined: nobody is there to answer
        }
        return self._open(payment, card)

    def find(self, payment: Payment) -> Outcome:
        """Look the payment up at the provider, by its id there or by ours in the metadata; never creates anything."""
        try:
            if payment.provider_id:
                return _outcome(self._call(lambda: self._client.payment_intents.retrieve(payment.provider_id)))
            return self._call(lambda: self._search(payment))
        except (stripe.StripeError, BreakerOpen):
            return Unknown()

    def forestall(self, payment: Payment) -> Outcome:
        """Take the payment's key for an intent without a card, and say what became of it; what the key did before is
        found instead. A request of ours that is still on its way is refused under that key, whenever it arrives.

        https://docs.stripe.com/api/idempotent_requests: another request under a known key is an error.
        """
        return self._open(payment, {})

    def capture(self, payment: Payment) -> None:
        """Take the held money. Raise ProviderFailed when that is not certain."""
        take = self._client.payment_intents.capture
        self._bring_to("succeeded", payment, lambda key: take(payment.provider_id, {}, key))

    def void(self, payment: Payment) -> None:
        """Let held money go. Raise ProviderFailed when that is not certain."""
        cancel = self._client.payment_intents.cancel
        self._bring_to("canceled", payment, lambda key: cancel(payment.provider_id, {}, key))

    def refund(self, refund: Refund) -> str:
        """Give money back and return the provider's id of the refund; raise ProviderFailed when it did not go back.

        Looks first: the provider forgets keys after a day, and the message that asks for a refund may come back later.
        """
        if made := self._made(refund):
            return made
        params: Any = {
            "payment_intent": refund.payment.provider_id,
            "amount": minor_units(refund.amount),
            "metadata": {"refund": str(refund.pk)},
        }
        try:
            return _given_back(self._settle(lambda key: self._client.refunds.create(params, key), str(refund.pk)))
        except ProviderFailed:
            if made := self._made(refund):
                return made
            raise

    def _open(self, payment: Payment, card: dict[str, Any]) -> Outcome:
        params: Any = {
            "amount": minor_units(payment.amount),
            "currency": payment.currency.lower(),
            "payment_method_types": ["card"],
            "capture_method": "manual",
            "metadata": {"payment": str(payment.pk), "order": payment.order.number},
        } | card
        try:
            key: Any = {"idempotency_key": str(payment.pk)}
            return _outcome(self._call(lambda: self._client.payment_intents.create(params, key)))
        except stripe.CardError as refusal:
            return _declined(refusal)
        except stripe.InvalidRequestError as refusal:
            return Declined("", refusal.code or "invalid_request")
        except stripe.IdempotencyError:
            return self.find(payment)  # `authorize` and `forestall` share the key: the other one was first
        except BreakerOpen:
            return Unsent()
        except stripe.StripeError as failure:
            return Unsent() if getattr(failure, "never_sent", False) else Unknown()

    def _bring_to(self, status: str, payment: Payment, action: Callable[[Any], object]) -> None:
        """Act unless it is done already, however the answer got lost. A fresh key each time: the provider would repeat
        an error of its own for a day under the old one, and does not take or let go the same money twice anyway."""
        try:
            self._settle(action, str(uuid4()))
        except ProviderFailed:
            if self._settle(lambda _: self._client.payment_intents.retrieve(payment.provider_id), "").status != status:
                raise

    def _made(self, refund: Refund) -> str | None:
        """Find a refund that was made before, also one whose answer was an error: its key only repeats the error."""
        params: Any = {"payment_intent": refund.payment.provider_id, "limit": 100}
        listed = self._settle(lambda _: list(self._client.refunds.list(params).auto_paging_iter()), "")
        return next((_given_back(made) for made in listed if _is_about(made.metadata, "refund", refund)), None)

    def _search(self, payment: Payment) -> Outcome:
        """Walk the provider's list over the time in which we may have asked for the payment (a minute more at each end,
        for unequal clocks): not over everything since, which would cost more with every look.
        """
        first, last = payment.created_at.timestamp() - 60, payment.order.reserved_until.timestamp() + 60
        params: Any = {"created": {"gte": int(first), "lte": int(last)}, "limit": 100}
        for intent in self._client.payment_intents.list(params).auto_paging_iter():
            if _is_about(intent.metadata, "payment", payment):
                return _outcome(intent)
        return Missing()

    def _settle(self, action: Callable[[Any], Result], key: str) -> Result:
        try:
            return self._call(lambda: action({"idempotency_key": key}))
        except (stripe.StripeError, BreakerOpen) as failure:
            raise ProviderFailed(str(failure)) from failure

    def _call(self, action: Callable[[], Result]) -> Result:
        """Run the call under the breaker, with one retry. If no attempt got through, its error is `never_sent`."""
        refused: list[bool] = []

        def attempt() -> Result:
            try:
                return action()
            except stripe.APIConnectionError as failure:
                refused.append(_connection_refused(failure))
                failure.never_sent = len(refused) == tries.statistics["attempt_number"] and all(refused)  # type: ignore[attr-defined]
                raise

        transient = retry_if_exception_type((stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError))
        tries = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random(0.05, LONGEST_PAUSE),
            retry=transient,
            before_sleep=_tell_of_retry,
            reraise=True,
        )
        return self._breaker.call(lambda: tries(attempt))


def _tell_of_retry(state: RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    logger.warning("the payment provider failed, trying again: %s: %s", type(failure).__name__, failure)


def _is_about(metadata: Any, name: str, ours: Payment | Refund) -> bool:
    return bool(metadata) and metadata.to_dict().get(name) == str(ours.pk)


def _given_back(made: stripe.Refund) -> str:
    """Pending counts: the money is on its way. Should the buyer's bank return it, the provider's webhook says so."""
    if made.status in {"failed", "canceled"}:
        raise ProviderFailed(f"The provider's refund {made.id} has {made.status}: pay the buyer in another way.")
    return made.id


def _outcome(intent: stripe.PaymentIntent) -> Outcome:
    """Read an intent. One that nobody has refused yet may still be approved, whatever it waits for."""
    if intent.status in {"requires_capture", "succeeded"}:
        return Authorized(intent.id)
    refusal = intent.last_payment_error
    if intent.status == "requires_payment_method" and refusal:
        return Declined(intent.id, refusal.decline_code or refusal.code or intent.status)
    return Declined(intent.id, intent.status) if intent.status == "canceled" else Unknown(intent.id)


def _declined(refusal: stripe.CardError) -> Declined:
    intent = refusal.error.payment_intent if refusal.error else None
    reason = (refusal.error and refusal.error.decline_code) or refusal.code or "card_declined"
    return Declined(intent.id if intent else "", reason)


def _connection_refused(failure: BaseException | None) -> bool:
    """Whether the connection was never made: walk the causes down to urllib3's own word for it."""
    while failure is not None:
        if isinstance(failure, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
            return True
        reason = getattr(failure, "reason", None)
        arguments = [argument for argument in failure.args if isinstance(argument, BaseException)]
        failure = (
            failure.__cause__
            or failure.__context__
            or (reason if isinstance(reason, BaseException) else None)
            or next(iter(arguments), None)
        )
    return False


@cache
def configured() -> PaymentGateway:
    """Return this process's gateway, as the environment describes it. Connections are kept open for each thread."""
    stripe_gateway = StripeGateway(
        api_key=settings.PAYMENT_API_KEY,
        base=settings.PAYMENT_API_BASE,
        deadline=settings.PAYMENT_DEADLINE.total_seconds(),
        breaker=Breaker("payments", settings.REDIS_URL),
    )
    return Metered(stripe_gateway)
