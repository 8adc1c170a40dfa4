"""A payment provider of twenty lines, for tests that need an answer and no network. It keeps a book."""

from uuid import uuid4

from orders.gateways import ProviderFailed
from orders.models import Payment, Refund
from orders.outcomes import Authorized, Declined, Missing, Outcome, Unknown


class FakeGateway:
    """Answers `outcome` (None: holds the money). `book` maps payment ids to what became of their money."""

    def __init__(self, outcome: Outcome | None = None, *, refusing: bool = False) -> None:
        self.outcome, self.refusing = outcome, refusing
        self.book: dict[str, str] = {}
        self.barred: set[str] = set()
        self.refunds: dict[str, Refund] = {}
        self.calls: list[str] = []

    def is_refusing(self) -> bool:
        return self.refusing

    def authorize(self, payment: Payment) -> Outcome:
        self.calls.append("authorize")
        if self.outcome is not None:
            return self.outcome
        if str(payment.pk) in self.barred:
            return Unknown()
        self.book.setdefault(str(payment.pk), "held")
        return Authorized(f"pi_{payment.pk}")

    def find(self, payment: Payment) -> Outcome:
        if isinstance(self.outcome, Unknown | Declined):
            return self.outcome
        return Authorized(f"pi_{payment.pk}") if str(payment.pk) in self.book else Missing()

    def forestall(self, payment: Payment) -> Outcome:
        self.barred.add(str(payment.pk))
        return Missing()

    def capture(self, payment: Payment) -> None:
        self._move(payment, "held", "taken")

    def void(self, payment: Payment) -> None:
        self._move(payment, "held", "voided")

    def refund(self, refund: Refund) -> str:
        self.refunds[str(refund.pk)] = refund
        return f"re_{uuid4().hex}"

    def _move(self, payment: Payment, old: str, new: str) -> None:
        if self.book.get(str(payment.pk)) not in {old, new}:
            raise ProviderFailed(f"cannot be {new}")
        self.book[str(payment.pk)] = new
