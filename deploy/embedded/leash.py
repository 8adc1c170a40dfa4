"""The owner's end of the guard's pipe: as long as this process lives and holds it, its servers live.

Roadmap: foundations/processes-and-threads
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from deploy.embedded.state import locked, open_lock

ROOT = Path(__file__).parents[2]
CLOSED = -1


class Leash:
    """One guard process for one owner and one folder. Of several owners, the last one turns off the light."""

    def __init__(self, directory: Path, *, holding: tuple[int, ...] = ()) -> None:
        """`holding`: further locks that shall not be free again before the guard has tidied up."""
        with locked(directory):  # a guard that is just stopping the servers holds this lock: then we start them anew
            owners = open_lock(directory / "owners.lock")
            fcntl.flock(owners, fcntl.LOCK_SH)
            guards_end, self.pipe = os.pipe()
            command = [sys.executable, "-m", "deploy.embedded.guard", str(directory), str(owners)]
            with directory.joinpath("guard.log").open("ab") as log:
                self._guard = subprocess.Popen(
                    command, stdin=guards_end, stdout=log, stderr=log, cwd=ROOT,
                    pass_fds=(owners, *holding), start_new_session=True,
                )  # fmt: skip
            os.close(guards_end)
            os.close(owners)  # the guard's copy keeps the shared lock

    def forget(self, pid: int) -> None:
        """This process group has ended in order; its number may now be anybody's."""
        os.write(self.pipe, f"-{pid}\n".encode())

    def release(self) -> None:
        """Let the guard stop everything and wait until it has. Interrupted or not, it will finish."""
        if self.pipe != CLOSED:
            os.close(self.pipe)
            self.pipe = CLOSED
        self._guard.wait()
