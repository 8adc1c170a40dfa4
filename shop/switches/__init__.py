"""Feature flags: configuration that changes while the shop runs, for all processes, without a deployment.

    admin ─► shop_switch (one row for each switch that was touched) ─► every process looks again after FRESH_FOR

The environment says what a process is, once, at its start; a switch says what the house does today. A process keeps
what it saw for some seconds, so a switch costs one small statement in that time, not one for each purchase, and takes
as long to reach everybody. The database is the config server that every process has a line to anyway.

Roadmap: workflow/configuration-management
"""

from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

from shop.errors import SalesPaused
from shop.models import Switch

#: Seconds. Whoever turns a switch waits so long until the last process has heard; more would feel broken.
FRESH_FOR = 5.0
#: What holds as long as nobody touched the switch.
DEFAULTS: Mapping[str, bool] = {Switch.Name.SALES: True}


class Seen(NamedTuple):
    """The table as this process read it, and until when that is good enough."""

    good_until: float
    switches: Mapping[str, tuple[bool, str]]


class _Kept:
    seen = Seen(0.0, {})


def look(name: str) -> tuple[bool, str]:
    """Return whether the switch is on, and its note; at most FRESH_FOR old. At most one SQL statement."""
    if _Kept.seen.good_until <= monotonic():
        rows = Switch.objects.values_list("name", "is_on", "note")
        _Kept.seen = Seen(monotonic() + FRESH_FOR, {name: (is_on, note) for name, is_on, note in rows})
    return _Kept.seen.switches.get(name, (DEFAULTS[name], ""))


def demand_sales() -> None:
    """Raise SalesPaused while no purchase may begin."""
    is_on, note = look(Switch.Name.SALES)
    if not is_on:
        raise SalesPaused(note)


def forget() -> None:
    """Look again at the next question; what this process itself changed is in force for it at once."""
    _Kept.seen = Seen(0.0, {})
