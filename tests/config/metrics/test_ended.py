"""Two real processes count, one page tells the sum; one is killed, and the sum stays while its file goes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.metrics import ended, exposition
from tests.figures import page, value

ROOT = Path(__file__).parents[3]
# Counts so many purchases and says so, then waits to be killed.
COUNTING = """
import os, sys
import config.metrics
from orders.figures import PURCHASE_SECONDS, ended
from prometheus_client import Gauge
for _ in range(int(sys.argv[1])):
    ended("paid")
    PURCHASE_SECONDS.observe(0.2)
Gauge("shop_http_requests_in_progress", "as in requests.py", multiprocess_mode="livesum").inc(int(sys.argv[1]))
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(exposition, "DIRECTORY", tmp_path)
    return tmp_path


@pytest.fixture
def counting(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes of one group; the first counts three purchases, the second four."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTING, count], env=environment, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for count in ("3", "4")
    ]  # fmt: skip
    assert [process.stdout and process.stdout.readline() for process in both] == ["counted\n"] * 2
    yield both
    for process in both:
        process.kill()
        process.communicate()


def told() -> tuple[float, float, float]:
    """Purchases, those that took up to half a second, and requests in progress."""
    now = page()
    return (
        value(now, "shop_purchases_total", outcome="paid"),
        value(now, "shop_purchase_duration_seconds_bucket", le="0.5"),
        value(now, "shop_http_requests_in_progress"),
    )


@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_page_adds_up_all_processes_and_forgets_no_dead_one(
    counting: list[subprocess.Popen[str]], folder: Path
) -> None:
    assert told() == (7, 7, 7)
    assert ended.living(folder) == {process.pid for process in counting}

    counting[0].kill()
    counting[0].wait()

    assert told() == (7, 7, 4)  # what it was doing is over, what it did is not
    assert told() == (7, 7, 4)
    assert not list(folder.glob(f"*_{counting[0].pid}.db"))
    assert ended.living(folder) == {counting[1].pid}

    counting[1].kill()
    counting[1].wait()

    assert told() == (7, 7, 0)
    assert sorted(file.name for file in folder.glob("*.db")) == ["counter_0.db", "histogram_0.db"]


def test_without_folding_files_would_stay(counting: list[subprocess.Popen[str]], folder: Path) -> None:
    """The control: the library's own `mark_process_dead` keeps the files of counters for ever."""
    before = set(folder.glob("*.db"))
    counting[0].kill()
    counting[0].wait()

    ended.fold(folder, is_alive=lambda pid: True)

    assert set(folder.glob("*.db")) == before


def test_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes_of_mine.db").write_text("mine")

    ended.fold(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["notes_of_mine.db"]
