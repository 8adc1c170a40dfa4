"""The stock service: reads messages, hands them to the core, writes messages. Errors leave by `config/grpc/gate.py`.

Roadmap: api/grpc-proto, api/grpc-server-streaming, architecture/service-communication
"""

import time
from collections.abc import Iterable, Iterator
from uuid import UUID

import grpc
from django.conf import settings
from django.db import OperationalError, connection

from accounts.authentication import person_of
from accounts.permissions import Holds
from shop import reservations
from shop.errors import BadStockRequest, NotWatching, UnknownProduct
from shop.grpc import stock_pb2 as messages
from shop.grpc.guards import caller, opened
from shop.grpc.stock_pb2_grpc import StockServicer
from shop.models import Product, ProductQuerySet, Reservation
from shop.stock import Line
from shop.watch import Lookout, Watcher

MOST_SKUS = 100
#: Seconds that a stream lasts, as an access token does: whoever goes on watching shows again who they are.
STREAM_LASTS = 600
#: Seconds that a watcher waits for the first figures.
FIRST_WAIT = 5
#: Seconds between two attempts to read while the database is away.
PAUSE = 1
STATES = {
    Reservation.State.HELD: messages.Reservation.STATE_HELD,
    Reservation.State.RELEASED: messages.Reservation.STATE_RELEASED,
    Reservation.State.EXPIRED: messages.Reservation.STATE_EXPIRED,
}
READS = Holds.the("shop.view_stock")
WRITES = Holds.the("shop.change_stock")


class StockAnswers(StockServicer):
    """The methods of `stock.proto`; who calls has been let in by then."""

    def __init__(self, lookout: Lookout) -> None:
        self.lookout = lookout

    @opened("stock:read", READS)
    def GetStock(self, request: messages.GetStockRequest, context: grpc.ServicerContext) -> messages.GetStockResponse:
        """Two figures and their difference for each SKU; one query."""
        return messages.GetStockResponse(levels=[_level(product) for product in _products(request.skus)])

    @opened("stock:write", WRITES)
    def ReserveStock(
        self, request: messages.ReserveStockRequest, context: grpc.ServicerContext
    ) -> messages.Reservation:
        """All lines or none; the key makes it repeatable."""
        known = {product.sku: product.pk for product in _products([line.sku for line in request.lines])}
        lines = [Line(known[line.sku], line.quantity) for line in request.lines]
        lasts = request.lasts.ToTimedelta() if request.HasField("lasts") else settings.RESERVATION_TIME
        owner = person_of(caller.get())
        return _reservation(reservations.reserve(owner, key=_key(request.key), lines=lines, lasts=lasts))

    @opened("stock:write", WRITES)
    def ReleaseStock(
        self, request: messages.ReleaseStockRequest, context: grpc.ServicerContext
    ) -> messages.Reservation:
        """Repeatable; the answer says whether the client or the clock ended it."""
        return _reservation(reservations.release(person_of(caller.get()), key=_key(request.key)))

    @opened("stock:read", READS)
    def WatchStock(
        self, request: messages.WatchStockRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.StockChange]:
        """The present figures, then changes until the client goes, its deadline passes, or ten minutes are over."""
        ids = [product.pk for product in _products(request.skus)]
        with self.lookout.watching(ids) as watcher:
            if not context.add_callback(watcher.leave):  # it has gone already
                return
            for products in _changes(watcher):
                levels = [_level(product) for product in products]
                yield messages.StockChange(levels=levels, is_complete=len(levels) == len(ids))
            if watcher.is_over and context.is_active():
                raise NotWatching


def _changes(watcher: Watcher) -> Iterator[list[Product]]:
    """What has changed, read anew; raises NotWatching when the first figures do not come."""
    until = time.monotonic() + STREAM_LASTS
    changed = watcher.wait(FIRST_WAIT)
    if not changed and not watcher.is_over:
        raise NotWatching
    while changed:
        try:
            products = list(_on_shelf().filter(pk__in=changed))
        except OperationalError:  # the database is away: keep in mind what was to be read, and ask again
            connection.close()
            watcher.ring(changed)
            time.sleep(PAUSE)
        else:
            yield products
        changed = watcher.wait(until - time.monotonic())


def _on_shelf() -> ProductQuerySet:
    """What a level shows, in one query: with what is not listed for buyers, which stands on the shelf all the same."""
    return Product.objects.select_related("stock").only("sku", "stock__on_hand", "stock__reserved").order_by("sku")


def _products(skus: Iterable[str]) -> list[Product]:
    """Return them in the order of the SKUs; raises UnknownProduct, BadStockRequest."""
    wanted = sorted(set(skus))
    if not 1 <= len(wanted) <= MOST_SKUS:
        raise BadStockRequest(f"Name at least one SKU and at most {MOST_SKUS}.")
    found = list(_on_shelf().filter(sku__in=wanted))
    if unknown := set(wanted) - {product.sku for product in found}:
        raise UnknownProduct(min(unknown))
    return found


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadStockRequest("The key of a reservation is a UUID.") from None


def _level(product: Product) -> messages.StockLevel:
    """What was never delivered has no row, and none of it is there."""
    if not hasattr(product, "stock"):
        return messages.StockLevel(sku=product.sku)
    shelf = product.stock
    return messages.StockLevel(
        sku=product.sku, on_hand=shelf.on_hand, reserved=shelf.reserved, available=shelf.available
    )


def _reservation(made: Reservation) -> messages.Reservation:
    told = messages.Reservation(key=str(made.key), state=STATES[Reservation.State(made.state)])
    told.lines.extend(messages.Line(sku=line.product.sku, quantity=line.quantity) for line in made.lines.all())
    told.expires_at.FromDatetime(made.expires_at)
    return told
