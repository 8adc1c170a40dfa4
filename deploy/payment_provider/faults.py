"""How this provider goes wrong, on purpose: switches for tests and for people who want to see what the shop does then.

    request ─► [latency] ─► lost before the charge?  ─► charge, saved ─► answer lost after the charge? ─► answer
                            500 before the charge?                       500 saved as the answer?

`GET/PUT/DELETE /_faults` turn them; a payment method from `MAGIC` asks for one of them on its own request. Chance comes
from one seeded generator; seed and switches are printed whenever they change, so that a bad run can be played again.

Roadmap: commerce/external-services, testing/external-api-integration-tests
"""

import asyncio
import logging
import random
from contextlib import suppress
from enum import Enum
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.types import Receive, Scope, Send

log = logging.getLogger("uvicorn.error")
Chance = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]


class Mishap(Enum):
    TIMEOUT_BEFORE = "timeout_before_charge"
    ERROR_BEFORE = "error_500_before"
    TIMEOUT_AFTER = "timeout_after_charge"
    ERROR_AFTER = "error_500_after"
    SLOW = "slow"


MAGIC = {
    "pm_fault_timeoutBeforeCharge": Mishap.TIMEOUT_BEFORE,
    "pm_fault_timeoutAfterCharge": Mishap.TIMEOUT_AFTER,
    "pm_fault_error500": Mishap.ERROR_BEFORE,
    "pm_fault_error500AfterCharge": Mishap.ERROR_AFTER,
    "pm_fault_slow": Mishap.SLOW,
}
BY_CHANCE = (Mishap.TIMEOUT_BEFORE, Mishap.ERROR_BEFORE, Mishap.TIMEOUT_AFTER, Mishap.ERROR_AFTER)


class Switches(BaseModel):
    """All off by default. Chances are per POST; the four of them exclude each other."""

    model_config = ConfigDict(extra="forbid")
    latency_ms: Milliseconds = 0
    slow_ms: Milliseconds = 2000
    hang_seconds: Annotated[float, Field(ge=0, le=600)] = 30
    timeout_before_charge: Chance = 0
    error_500_before: Chance = 0
    timeout_after_charge: Chance = 0
    error_500_after: Chance = 0
    reads_too: bool = False
    webhook_duplicates: Annotated[int, Field(ge=0, le=20)] = 0
    webhook_delay_ms: Milliseconds = 0
    webhook_shuffle: bool = False
    webhook_bad_signature: Chance = 0
    webhook_before_answer: bool = False
    webhooks_off: bool = False
    seed: int | None = None

    @model_validator(mode="after")
    def exclude_each_other(self) -> "Switches":
        if sum(getattr(self, mishap.value) for mishap in BY_CHANCE) > 1:
            raise ValueError("the four chances of a failed request add up to more than 1")
        return self


class Faults:
    """The switches as they stand, the generator behind them, and the sign that the provider is closing."""

    def __init__(self, seed: int) -> None:
        self.first_seed = seed
        self.closing = asyncio.Event()
        self.turn(Switches())

    def turn(self, switches: Switches) -> None:
        seed = self.first_seed if switches.seed is None else switches.seed
        self.switches = switches.model_copy(update={"seed": seed})
        # Two generators: webhooks go out at no fixed moment, and must not change the lot of the next request.
        self.chance = random.Random(seed)
        self.webhook_chance = random.Random(seed)
        turned = self.switches.model_dump(exclude_defaults=True, exclude={"seed"})
        log.info("faults: seed %s, %s", seed, turned or "none")

    def draw(self, payment_method: str | None) -> Mishap | None:
        """What befalls one POST: the magic payment method's own fault, or by chance one of the four, or nothing."""
        if payment_method in MAGIC:
            return MAGIC[payment_method]
        lot = self.chance.random()
        for mishap in BY_CHANCE:
            lot -= getattr(self.switches, mishap.value)
            if lot < 0:
                return mishap
        return None

    async def wait(self, mishap: Mishap | None = None) -> None:
        delay = self.switches.latency_ms + (self.switches.slow_ms if mishap is Mishap.SLOW else 0)
        if delay:
            with suppress(TimeoutError):  # over at once when the provider closes
                await asyncio.wait_for(self.closing.wait(), delay / 1000)

    def draw_forged(self) -> bool:
        return self.webhook_chance.random() < self.switches.webhook_bad_signature

    def webhook_delays(self) -> list[float]:
        """Seconds until each copy of a webhook goes out; shuffled ones overtake each other within a second or more."""
        longest = self.switches.webhook_delay_ms / 1000
        copies = 1 + self.switches.webhook_duplicates
        if self.switches.webhook_shuffle:
            return [self.webhook_chance.uniform(0, max(longest, 1.0)) for _ in range(copies)]
        return [longest] * copies


class NoAnswer(Response):
    """Instead of an answer: silence until the client leaves, `hang_seconds` are over or the provider closes; then the
    connection is dropped. ASGI has no word for dropping, so `app.py` puts uvicorn's transport into the scope."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(client_left(receive))
        closing = asyncio.create_task(self.faults.closing.wait())
        seconds = self.faults.switches.hang_seconds
        await asyncio.wait([gone, closing], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        scope["line"].abort()
        await gone  # uvicorn knows only now that nobody waits for an answer, and does not invent one


async def client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
