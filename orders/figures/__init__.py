"""What is counted while the shop sells. The table of all figures is `docs/metrics.md`; `config/metrics/` shows them.

    checkout ─► pressed, ended        book ─► happened (after the commit)        outbox ─► PUBLISHED, MESSAGES
    webhooks ─► WEBHOOKS, DELIVERIES  gateways ─► provider.Metered

Counters of prometheus_client, whose registry is the seam: core knows nothing of who reads them. No figure costs SQL,
and what a rolled-back transaction wrote is not counted. Every label has few values, all of them words of ours: a buyer
or an order number in a label would be a new series for each, kept in memory for weeks.

Roadmap: observability/apm-signals, observability/prometheus-and-grafana
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

from prometheus_client import Counter, Histogram

from accounts.errors import AccountError
from orders.errors import OrderError
from shop.errors import ShopError
from shop.money.units import minor_units

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

#: Seconds. Around the objective of one second (docs/slo.md), and up to where every request has long been given up.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
PURCHASES = Counter("shop_purchases", "Presses of the purchase button, by how they ended.", ["outcome"])
PURCHASE_SECONDS = Histogram(
    "shop_purchase_duration_seconds", "Time in the checkout, provider included.", buckets=SECONDS
)
REFUSALS = Counter("shop_purchases_refused", "Purchases that were refused, by the error's name.", ["reason"])
EVENTS = Counter("shop_order_events", "What happened to orders: the events of their history.", ["event"])
CAPTURED = Counter("shop_money_captured_minor_units", "Money taken, in the currency's smallest unit.", ["currency"])
REFUNDED = Counter("shop_money_refunded_minor_units", "Money given back, in its smallest unit.", ["currency"])
PUBLISHED = Counter("shop_outbox_published", "Messages that the relay handed to the broker, again included.", ["lane"])
MESSAGES = Counter("shop_outbox_messages", "Attempts to act on a message, by how they ended.", ["topic", "outcome"])
WEBHOOKS = Counter("shop_payment_webhooks", "Webhooks of the payment provider: accepted or refused.", ["outcome"])
DELIVERIES = Counter("shop_webhook_deliveries", "Attempts to tell merchants, by how they ended.", ["outcome"])


def pressed(press: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Time the purchase, and count the one that raises; `ended` counts the others."""

    @wraps(press)
    def timed(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with PURCHASE_SECONDS.time():
            try:
                return press(*args, **kwargs)
            except (OrderError, ShopError, AccountError) as refusal:
                REFUSALS.labels(type(refusal).__name__).inc()
                ended("refused")
                raise
            except Exception:
                ended("error")
                raise

    return timed


def ended(outcome: str) -> None:
    """Count a purchase: the order's status, or repeated, refused, error."""
    PURCHASES.labels(outcome).inc()


def happened(event: str, currency: str, amount: Decimal, details: Mapping[str, Any]) -> None:
    """Count an event of an order, and the money that it moved. To be called after the commit."""
    EVENTS.labels(event).inc()
    if event == "PaymentCaptured":
        CAPTURED.labels(currency).inc(minor_units(amount))
    elif event == "PaymentRefunded":
        REFUNDED.labels(currency).inc(minor_units(Decimal(details["amount"])))


def lane_of(topic: str) -> str:
    """The relay's lanes (`orders.outbox.PUBLISH`): letters and webhooks queue apart from the rest."""
    first = topic.partition(".")[0]
    return first if first in {"mail", "webhook"} else "other"


def since(began: float) -> float:
    """Seconds since `perf_counter` said so."""
    return perf_counter() - began
