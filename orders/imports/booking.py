"""Booking a list of deliveries in batches, each of which happens whole or not at all.

    lock the job ─► read its next rows ─► refuse unknown SKUs ─► move the job on ─► put the rest on the shelf ─► commit

The job is locked first: two workers with one message take turns, and the second goes on behind the first. A worker
that is killed leaves the job where its last batch ended; the message comes again by itself (`orders/outbox/`).
The shelves come last and in the order of their ids, as everywhere: a purchase waits for a batch at most for one commit.

Refuses: nothing. A row that cannot be booked is put down with its problem, and the others are booked.

Roadmap: messaging/background-workers, messaging/idempotent-tasks-and-retries, databases/acid
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import outbox
from orders.models import StockImport, StockImportRow
from shop import stock
from shop.models import Product
from shop.stock import Delivery

if TYPE_CHECKING:
    from accounts.models import User

TOPIC = "stock.import"
#: Rows of one transaction: so many shelves at most are locked for one commit.
BATCH = 100
#: Seconds that a job may keep a worker before others have their turn; far below the worker's time limit.
SHIFT = 2.0
Status, Refusal = StockImport.Status, StockImportRow.Refusal


def accept(owner: "User", rows: Collection[Mapping[str, Any]]) -> StockImport:
    """Take the rows in, to be booked in the background. Must run in a transaction: job, rows and message, or nothing.

    A row without a `reference` gets the job's id for one.
    """
    job = StockImport.objects.create(owner=owner, row_count=len(rows))
    own = {"job": job, "reference": f"import {job.pk}"}
    StockImportRow.objects.bulk_create(
        StockImportRow(number=number, **own | dict(row)) for number, row in enumerate(rows)
    )
    _promise(job.pk)
    return job


def work(job_id: UUID, *, seconds: float = SHIFT, clock: Callable[[], float] = time.monotonic) -> None:
    """Book batches until there are no more, or the time is up; then the rest is promised. May be repeated."""
    until = clock() + seconds
    while book_batch(job_id):
        if clock() >= until:
            _promise(job_id)
            return


@transaction.atomic(durable=True)
def book_batch(job_id: UUID) -> bool:
    """Book the next rows, or end the job after the last one; return whether there may be more.

    Locks the job, then stock rows in the order of their ids. Costs six statements however many rows there are, seven if
    some are refused.
    """
    unfinished = StockImport.objects.select_for_update(no_key=True).exclude(status=Status.DONE)
    job = unfinished.filter(pk=job_id).first()
    if job is None:
        return False
    rows = list(job.rows.filter(number__gte=job.position).order_by("number")[:BATCH])
    if rows:
        _book(job, rows)
    else:
        _end(job)
    return bool(rows)


def give_up(job_id: UUID) -> None:
    """Say that nobody works on it any more. What is booked stays booked; a replay of its message goes on from there."""
    StockImport.objects.filter(pk=job_id).exclude(status=Status.DONE).update(status=Status.FAILED)


def _promise(job_id: UUID) -> None:
    outbox.post(TOPIC, {"import": str(job_id)})


def _book(job: StockImport, rows: list[StockImportRow]) -> None:
    """All but the unknown are counted as booked beforehand, since the shelves are to be locked last."""
    products = dict(Product.objects.filter(sku__in={row.sku for row in rows}).values_list("sku", "pk"))
    known = [row for row in rows if row.sku in products]
    _refuse((row for row in rows if row.sku not in products), Refusal.UNKNOWN_PRODUCT)
    job.status = Status.RUNNING
    job.booked += len(known)
    job.refused += len(rows) - len(known)
    job.save(update_fields=["status", "booked", "refused"])
    coming = [Delivery(products[row.sku], row.quantity, row.reference) for row in known]
    if full := stock.receive_all(coming, source=job.pk):
        _take_back(job, [row for row in known if products[row.sku] in full])


def _refuse(rows: Iterable[StockImportRow], refusal: str) -> None:
    StockImportRow.objects.filter(pk__in=[row.pk for row in rows]).update(refusal=refusal)


def _take_back(job: StockImport, rows: list[StockImportRow]) -> None:
    """The shelves had no room for these, which happens to nobody who counts in units."""
    _refuse(rows, Refusal.SHELF_IS_FULL)
    moved = {"booked": F("booked") - len(rows), "refused": F("refused") + len(rows)}
    StockImport.objects.filter(pk=job.pk).update(**moved)


def _end(job: StockImport) -> None:
    job.status, job.finished_at = Status.DONE, timezone.now()
    job.save(update_fields=["status", "finished_at"])
    job.rows.filter(refusal="").delete()  # they stand in the ledger
