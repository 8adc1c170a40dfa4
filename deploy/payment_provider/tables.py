"""The pages of the provider's book: what was authorised, captured and refunded, what was answered, what must be told.

    Intent ──< Refund                 the money
    SavedAnswer                       one per idempotency key
    Event ──< Delivery ──< Attempt    the durable queue of webhooks

The tables refuse to capture more than was authorised and to refund more than was captured, whatever the code above
them does.

Roadmap: orm/sqlalchemy
"""

from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Page(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSON(none_as_null=True), dict[str, str]: JSON()}


class Intent(Page):
    """One payment; amounts are in minor units. `sequence` is the order of creation, which lists are sorted by."""

    __tablename__ = "intents"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("amount_captured BETWEEN 0 AND amount", name="captured_within_amount"),
        CheckConstraint("amount_refunded BETWEEN 0 AND amount_captured", name="refunded_within_captured"),
        CheckConstraint("amount_captured = 0 OR status = 'succeeded'", name="captured_means_succeeded"),
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(32))
    capture_method: Mapped[str] = mapped_column(String(20))
    payment_method: Mapped[str | None] = mapped_column(String(80))
    charge: Mapped[str | None] = mapped_column(String(40), unique=True)
    amount_captured: Mapped[int] = mapped_column(default=0)
    amount_refunded: Mapped[int] = mapped_column(default=0)
    notes: Mapped[dict[str, str]] = mapped_column("metadata")
    description: Mapped[str | None] = mapped_column(Text)
    last_payment_error: Mapped[dict[str, Any] | None]
    cancellation_reason: Mapped[str | None] = mapped_column(String(40))
    canceled_at: Mapped[int | None]
    created: Mapped[int] = mapped_column(index=True)
    refunds: Mapped[list["Refund"]] = relationship(back_populates="intent", order_by="Refund.sequence")


class Refund(Page):
    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint("amount > 0", name="refund_is_positive"),)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    intent_sequence: Mapped[int] = mapped_column(ForeignKey("intents.sequence"), index=True)
    amount: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(40))
    notes: Mapped[dict[str, str]] = mapped_column("metadata")
    created: Mapped[int]
    intent: Mapped[Intent] = relationship(back_populates="refunds")


class SavedAnswer(Page):
    """The first answer given under an idempotency key; written in the transaction that moved the money."""

    __tablename__ = "saved_answers"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    path: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(40))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created: Mapped[int] = mapped_column(index=True)


class Event(Page):
    """What the shop is told: the exact text that is signed and sent."""

    __tablename__ = "events"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    intent_id: Mapped[str] = mapped_column(String(40), index=True)
    payload: Mapped[str] = mapped_column(Text)
    created: Mapped[int]
    deliveries: Mapped[list["Delivery"]] = relationship(back_populates="event")


class Delivery(Page):
    """One webhook to bring; due until a 2xx answer came."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    due_at: Mapped[float]
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[float | None]
    event: Mapped[Event] = relationship(back_populates="deliveries")
    __table_args__ = (
        # The courier asks for the next due delivery many times a second; delivered ones must not slow it down.
        Index(
            "deliveries_due",
            "due_at",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        # A number is never given twice: what is still on the way when the book is emptied must not settle another one.
        {"sqlite_autoincrement": True},
    )


class Attempt(Page):
    """One try to bring it. No foreign key: a result may come back after the book was emptied."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(index=True)
    at: Mapped[float]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    well_signed: Mapped[bool]
