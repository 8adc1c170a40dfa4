"""What a question to the payment provider can end in.

Each is a value, not an exception, since "nobody knows yet" is as normal an answer as yes or no:

    Authorized   the provider holds the money for us             Declined   the provider said no
    Unsent       it certainly never got the request              Unknown    it may or may not have acted: ask again
    Missing      it has never heard of this payment (only `find` can say so)

Roadmap: commerce/payment-gateway, languages/error-handling, languages/python
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Authorized:
    """The provider holds the money; nothing is taken before `capture`."""

    provider_id: str


@dataclass(frozen=True)
class Declined:
    """The provider or the bank said no, for good."""

    provider_id: str
    reason: str


@dataclass(frozen=True)
class Unsent:
    """No attempt reached the provider: nothing can have happened there."""


@dataclass(frozen=True)
class Unknown:
    """No usable answer: the money may be held or not. With an id the provider knows the payment and is not done yet."""

    provider_id: str = ""


@dataclass(frozen=True)
class Missing:
    """The provider knows no such payment."""


Outcome = Authorized | Declined | Unsent | Unknown | Missing
