"""What processes that have ended counted is kept, and their files are not.

    counter_17.db, histogram_17.db   17 is no more ─► added to counter_0.db, histogram_0.db
    gauge_livesum_17.db                           ─► deleted: what it holds is over

A counter that lost the dead would fall, which Prometheus takes for a restart: it would count all that the living have a
second time. A folder that kept them all would hold a file more for each process that was ever respawned.

Roadmap: observability/prometheus-and-grafana
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from prometheus_client.mmap_dict import MmapedDict

#: No process of ours has this number: under it stand all that have ended.
ENDED = 0
ADDED_UP = ("counter", "histogram")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the folder against others that read or fold: who reads in the middle would count the dead twice or never."""
    with (directory / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fold(directory: Path, *, is_alive: Callable[[int], bool] = psutil.pid_exists) -> None:
    """Add up what ended processes left. The caller holds `locked`.

    Killed between the two steps it leaves figures that are counted twice: a rate that is wrong once.
    """
    ended: dict[str, list[Path]] = {}
    for pid, file in files(directory):
        if pid != ENDED and not is_alive(pid):
            ended.setdefault(file.name.partition("_")[0], []).append(file)
    for kind, left in ended.items():
        if kind in ADDED_UP:
            _add_up(directory / f"{kind}_{ENDED}.db", left)
        for file in left:
            file.unlink(missing_ok=True)


def living(directory: Path) -> set[int]:
    """The processes of the group that have counted something and still run."""
    return {pid for pid, _ in files(directory) if pid != ENDED and psutil.pid_exists(pid)}


def files(directory: Path) -> Iterator[tuple[int, Path]]:
    """Every file with the number of the process that writes it."""
    for file in directory.glob("*_*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdigit():
            yield int(number), file


def _add_up(total: Path, parts: list[Path]) -> None:
    fresh = total.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    sums = MmapedDict(str(fresh))
    try:
        for part in [*([total] if total.exists() else []), *parts]:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(part)):
                sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()
    os.replace(fresh, total)
