"""A payment gateway that times another one and says how each call ended. What it answers and raises is the other's.

Roadmap: observability/apm-signals, commerce/external-services
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import Histogram

from orders.figures import SECONDS, since
from orders.models import Payment, Refund
from orders.outcomes import Outcome

if TYPE_CHECKING:
    from orders.gateways import PaymentGateway

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
#: Seconds from which on a call is worth a line of its own in the log, under the id of its request.
SLOW = 1.0
CALLS = Histogram(
    "shop_payment_provider_request_duration_seconds",
    "Calls to the payment provider, second attempt included, by what they ended in.",
    ["operation", "outcome"],
    buckets=SECONDS,
)


class Metered:
    """`outcome` is authorized, declined, unsent, unknown or missing; done or failed where there is nothing to say."""

    def __init__(self, gateway: "PaymentGateway") -> None:
        self._gateway = gateway

    def is_refusing(self) -> bool:
        """As the gateway says. Not timed: it calls nobody but Redis."""
        return self._gateway.is_refusing()

    def authorize(self, payment: Payment) -> Outcome:
        """See PaymentGateway."""
        return _timed("authorize", lambda: self._gateway.authorize(payment))

    def find(self, payment: Payment) -> Outcome:
        """See PaymentGateway."""
        return _timed("find", lambda: self._gateway.find(payment))

    def forestall(self, payment: Payment) -> Outcome:
        """See PaymentGateway."""
        return _timed("forestall", lambda: self._gateway.forestall(payment))

    def capture(self, payment: Payment) -> None:
        """See PaymentGateway."""
        _timed("capture", lambda: self._gateway.capture(payment))

    def void(self, payment: Payment) -> None:
        """See PaymentGateway."""
        _timed("void", lambda: self._gateway.void(payment))

    def refund(self, refund: Refund) -> str:
        """See PaymentGateway."""
        return _timed("refund", lambda: self._gateway.refund(refund))


def _timed(operation: str, call: Callable[[], Result]) -> Result:
    began, outcome = perf_counter(), "failed"
    try:
        result = call()
        outcome = type(result).__name__.lower() if isinstance(result, Outcome) else "done"
        return result
    finally:
        CALLS.labels(operation, outcome).observe(seconds := since(began))
        if seconds >= SLOW:
            logger.info("slow call to the payment provider: %s %s in %.1f s", operation, outcome, seconds)
