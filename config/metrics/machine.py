"""The machine below and the processes of this group: processor, memory, disk, network, open files.

A container sees the processor and memory of its host, its own network, and its own disk. The node exporter of a
deployment tells more, and of machines without a shop; this is there wherever the shop is.

Roadmap: observability/infrastructure-monitoring
"""

import os
from contextlib import suppress
from typing import Any

import psutil
from django.conf import settings
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from config.metrics import DIRECTORY, ended
from config.metrics.keeping import Kept

#: Of the processor's time; what else the kernel tells apart is in "other".
MODES = ("user", "system", "idle", "iowait")
GAUGES = {
    "shop_host_memory_size_bytes": "Memory of the machine.",
    "shop_host_memory_available_bytes": "How much of it a program could have at once.",
    "shop_processes": "Processes of this group.",
    "shop_process_resident_memory_bytes": "Memory of all of them; what they share is counted for each.",
    "shop_process_open_files": "Files and sockets that they hold open.",
}
COUNTERS = {
    "shop_host_network_receive_bytes": "Bytes that came in by all interfaces.",
    "shop_host_network_transmit_bytes": "Bytes that went out.",
}
CPU = "shop_host_cpu_seconds", "Time of all processors, by what they did."
DISK_SIZE = "shop_host_disk_size_bytes", "Size of the file system that a folder of ours is on."
DISK_FREE = "shop_host_disk_free_bytes", "How much of it is free for us."


class Machine(Kept):
    """Asks the operating system through psutil, or what stands in for it."""

    def __init__(self, system: Any = psutil, **options: Any) -> None:
        super().__init__(**options)
        self._system = system

    def families(self) -> list[Metric]:
        """Some hundred microseconds; what this system does not tell is left out."""
        return [*self._processor(), *self._memory_and_network(), *self._disks(), *self._processes()]

    def describe(self) -> list[Metric]:
        """Every name with its labels."""
        counters = [CounterMetricFamily(name, text) for name, text in COUNTERS.items()]
        gauges = [GaugeMetricFamily(name, text) for name, text in GAUGES.items()]
        disks = [GaugeMetricFamily(*disk, labels=["mount"]) for disk in (DISK_SIZE, DISK_FREE)]
        return [CounterMetricFamily(*CPU, labels=["mode"]), *counters, *gauges, *disks]

    def _processor(self) -> list[Metric]:
        family, times = CounterMetricFamily(*CPU, labels=["mode"]), self._system.cpu_times()._asdict()
        for mode in MODES:
            family.add_metric([mode], times.get(mode, 0.0))
        known = {*MODES, "guest", "guest_nice"}  # a guest's time is user's time as well
        family.add_metric(["other"], sum(seconds for mode, seconds in times.items() if mode not in known))
        return [family]

    def _memory_and_network(self) -> list[Metric]:
        memory, network = self._system.virtual_memory(), None
        with suppress(OSError, RuntimeError):
            network = self._system.net_io_counters()
        found = [_gauge("shop_host_memory_size_bytes", memory.total)]
        found += [_gauge("shop_host_memory_available_bytes", memory.available)]
        if network:
            for name, value in zip(COUNTERS, (network.bytes_recv, network.bytes_sent), strict=True):
                found.append(CounterMetricFamily(name, COUNTERS[name], value=value))
        return found

    def _disks(self) -> list[Metric]:
        size, free = (GaugeMetricFamily(*disk, labels=["mount"]) for disk in (DISK_SIZE, DISK_FREE))
        for mount, folder in {"root": "/", "uploads": settings.MEDIA_ROOT}.items():
            with suppress(OSError):  # no picture was ever stored
                usage = self._system.disk_usage(str(folder))
                size.add_metric([mount], usage.total)
                free.add_metric([mount], usage.free)
        return [size, free]

    def _processes(self) -> list[Metric]:
        group = ended.living(DIRECTORY) if DIRECTORY else {os.getpid()}
        memory, files = 0, 0
        for pid in group:
            with suppress(psutil.Error, OSError):  # it may have ended by now
                process = self._system.Process(pid)
                memory, files = memory + process.memory_info().rss, files + process.num_fds()
        values = (len(group), memory, files)
        return [_gauge(name, value) for name, value in zip(list(GAUGES)[2:], values, strict=True)]


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, GAUGES[name], value=value)


MACHINE = Machine()
