"""A nearly full disk and a busy processor: the figures say so, and the rules react to the very page."""

import shutil
import subprocess
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import yaml

from config.metrics.machine import Machine
from tests.figures import page, value

ROOT = Path(__file__).parents[3]
Times = namedtuple("Times", ["user", "system", "idle", "iowait", "steal", "guest"])


def machine(*, free: int, busy: float = 0.0) -> Machine:
    """A machine with a disk of a thousand bytes and one processor, of which this process uses nothing."""
    system = SimpleNamespace(
        cpu_times=lambda: Times(user=busy, system=0.0, idle=1000 - busy, iowait=0.0, steal=1.0, guest=busy),
        virtual_memory=lambda: SimpleNamespace(total=1000, available=400),
        net_io_counters=lambda: None,
        disk_usage=lambda folder: SimpleNamespace(total=1000, free=free),
        Process=psutil.Process,
    )
    return Machine(system, good_for=0)


@pytest.mark.roadmap("observability/infrastructure-monitoring")
def test_nearly_full_disk_and_busy_processor_are_told() -> None:
    now = page([machine(free=50, busy=970.0)])

    assert value(now, "shop_host_disk_free_bytes", mount="root") == 50
    assert value(now, "shop_host_disk_size_bytes", mount="root") == 1000
    assert value(now, "shop_host_cpu_seconds_total", mode="user") == 970
    assert value(now, "shop_host_cpu_seconds_total", mode="other") == 1  # a guest's time is user's, and counted once
    assert value(now, "shop_host_memory_available_bytes") == 400
    assert "shop_host_network_receive_bytes_total{" not in now


@pytest.mark.roadmap("observability/infrastructure-monitoring")
def test_this_machine_tells_of_itself() -> None:
    now = page([Machine(good_for=0)])

    assert value(now, "shop_host_memory_size_bytes") > value(now, "shop_host_memory_available_bytes") > 0
    assert value(now, "shop_host_disk_free_bytes", mount="root") > 0
    assert value(now, "shop_processes") == 1
    assert value(now, "shop_process_open_files") > 2
    assert value(now, "shop_process_resident_memory_bytes") > 10_000_000


@pytest.mark.parametrize(("free", "goes_off"), [(50, True), (500, False)])
@pytest.mark.roadmap("observability/infrastructure-monitoring")
def test_rules_react_to_what_the_page_says(tmp_path: Path, free: int, goes_off: bool) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed: the rules cannot be replayed")
    now = page([machine(free=free)])
    series = [
        {"series": f'{name}{{mount="root",instance="a"}}', "values": f"{value(now, name, mount='root'):g}x30"}
        for name in ("shop_host_disk_free_bytes", "shop_host_disk_size_bytes")
    ]
    expected = [{"exp_labels": {"severity": "page", "instance": "a", "mount": "root"}, "exp_annotations": TOLD}]
    case = {"eval_time": "20m", "alertname": "DiskNearlyFull", "exp_alerts": expected if goes_off else []}

    assert replay(tmp_path, series, case) == 0


TOLD = {"summary": "5% of root at a is free.", "runbook_url": "docs/runbooks/machine.md"}


def replay(folder: Path, series: list[dict[str, str]], case: dict[str, Any]) -> int:
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [case]}
    file = folder / "replay.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ROOT / "deploy/prometheus/rules/alerts.yml")], "tests": [test]}))
    return subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, check=False).returncode
