"""Death at a named place: the interpreter's profiler tells when the code gets there, and the process kills itself.

    waypoints   call a ─► back b ─► call c          each must be passed in this order; at the last one: SIGKILL

Production code knows nothing of it: no hook, no flag, no patch. A place is a function, about to run (`call`) or just
over (`back`), so "after the COMMIT of the confirmation" reads `back("shop.stock:commit"), COMMITTED`.
"""

import os
import signal
import sys
from types import FrameType
from typing import NamedTuple


class Waypoint(NamedTuple):
    """A function by `module:qualified.name`, and whether it is being called or has returned."""

    event: str
    module: str
    function: str


def call(place: str) -> Waypoint:
    module, _, function = place.partition(":")
    return Waypoint("call", module, function)


def back(place: str) -> Waypoint:
    return call(place)._replace(event="return")


#: Django sends the COMMIT in this method, whatever the wording of `transaction.atomic`.
COMMITTING = call("django.db.backends.base.base:BaseDatabaseWrapper._commit")
COMMITTED = back("django.db.backends.base.base:BaseDatabaseWrapper._commit")


class Death:
    """Walks along with this thread and strikes at the last waypoint, without a chance to tidy up for anything."""

    def __init__(self, path: tuple[Waypoint, ...]) -> None:
        self.left = list(path)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        awaited = self.left[0]
        code = frame.f_code
        if event != awaited.event or code.co_qualname != awaited.function:
            return
        if frame.f_globals.get("__name__") != awaited.module:
            return
        if len(self.left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left.pop(0)


def lie_in_wait(path: tuple[Waypoint, ...]) -> None:
    sys.setprofile(Death(path))
