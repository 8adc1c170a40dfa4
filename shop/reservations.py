"""Reservations of warehouses: units set aside for somebody who sells them elsewhere, under a key of their own making.

    reserve ─► held ─┬─► released   by whoever made it, as often as they ask
                     └─► expired    by the clock: a client that died keeps nothing for ever

The key makes all of it repeatable. A client that got no answer asks again with the same key, and learns what came of
the first time; the row is written in the transaction that moves the stock, so there are both or neither. Units go back
once, whoever comes first, the client or the clock: the row says who.

Refuses: more than is left (OutOfStock), a key of other units (ReservationDiffers), somebody else's key
(UnknownReservation), a reservation of nothing or for no time (BadReservation).

Roadmap: commerce/inventory, api/idempotency
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from shop import figures, stock
from shop.errors import BadReservation, ReservationDiffers, UnknownReservation
from shop.models import Reservation, ReservationLine
from shop.stock import Line

#: Whoever needs units for longer buys them.
LONGEST = timedelta(days=1)
MOST_LINES = 100
#: A key may be repeated for so long; afterwards it would make a new reservation.
KEPT_FOR = timedelta(days=30)
#: How many the clock ends in one round; what is left comes five seconds later.
MOST_AT_ONCE = 500

# Whoever comes second with a key waits here until the first has committed, and then finds its row.
CLAIM = """
INSERT INTO shop_reservation (owner_id, key, state, expires_at) VALUES (%s, %s, 'held', %s)
ON CONFLICT (owner_id, key) DO NOTHING RETURNING id
"""


def reserve(
    user: User, *, key: UUID, lines: Iterable[Line], lasts: timedelta, now: datetime | None = None
) -> Reservation:
    """Promise the units to the user, all lines or none; with a known key return what that one came to.

    Raises OutOfStock, ReservationDiffers, BadReservation. A repetition moves nothing and prolongs nothing. Locks the
    stock rows in the order of their ids, as the transaction's last statement.
    """
    wanted = _checked(lines, lasts)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(CLAIM, [user.pk, key, (now or timezone.now()) + lasts])
        if made := cursor.fetchone():
            rows = [ReservationLine(reservation_id=made[0], product_id=id_, quantity=units) for id_, units in wanted]
            ReservationLine.objects.bulk_create(rows)
            stock.reserve(wanted)
    if made:
        figures.RESERVATIONS.labels("made").inc()
    found = _of(user, key)
    if {(line.product_id, line.quantity) for line in found.lines.all()} != set(wanted):
        raise ReservationDiffers(key)
    return found


def release(user: User, *, key: UUID, now: datetime | None = None) -> Reservation:
    """Give the units back, unless they have gone back already; raises UnknownReservation. May be repeated."""
    _end(_of(user, key), Reservation.State.RELEASED, now or timezone.now())
    return _of(user, key)


def end_due(*, now: datetime | None = None) -> int:
    """Give back what was held for too long, each reservation by itself; return how many had their time."""
    now = now or timezone.now()
    due = Reservation.objects.due(now).order_by("expires_at").prefetch_related("lines")[:MOST_AT_ONCE]
    return sum(_end(reservation, Reservation.State.EXPIRED, now) for reservation in due)


def forget_ended(*, now: datetime | None = None) -> int:
    """Delete reservations that ended a month ago, and return how many."""
    gone = Reservation.objects.filter(ended_at__lt=(now or timezone.now()) - KEPT_FOR)
    return gone.delete()[1].get("shop.Reservation", 0)


@transaction.atomic(durable=True)
def _end(reservation: Reservation, state: Reservation.State, now: datetime) -> bool:
    """Whoever changes the row gives the units back; who waited for it meanwhile finds it changed and does nothing."""
    held = Reservation.objects.filter(pk=reservation.pk, state=Reservation.State.HELD)
    is_ours = bool(held.update(state=state, ended_at=now))
    if is_ours:
        transaction.on_commit(figures.RESERVATIONS.labels(state.value).inc, robust=True)
        stock.release(Line(line.product_id, line.quantity) for line in reservation.lines.all())
    return is_ours


def _of(user: User, key: UUID) -> Reservation:
    found = Reservation.objects.of(user).filter(key=key).prefetch_related("lines__product").first()
    if found is None:
        raise UnknownReservation(key)
    return found


def _checked(lines: Iterable[Line], lasts: timedelta) -> list[Line]:
    """Add up lines of one product, and refuse what is no reservation."""
    units: Counter[int] = Counter()
    for line in lines:
        if line.quantity < 1:
            raise BadReservation("Each line reserves at least one unit.")
        units[line.product_id] += line.quantity
    if not 1 <= len(units) <= MOST_LINES:
        raise BadReservation(f"A reservation has at least one line and at most {MOST_LINES}.")
    if not timedelta(0) < lasts <= LONGEST:
        raise BadReservation(f"A reservation lasts longer than nothing and at most {LONGEST.days * 24} hours.")
    return [Line(product_id, quantity) for product_id, quantity in sorted(units.items())]
