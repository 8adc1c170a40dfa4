"""What every process of the shop tells Prometheus, and how: `page.py` for the web, `server.py` for all others.

    requests, tasks, calls, queries ─► counters of this process ─► files, one for each process of the group ─┐
    the books, the queues, the machine ─► asked when somebody looks ─────────────────────────────────────────┴► /metrics

Whichever of its processes a group is asked by, it answers for all of them (`exposition.py`, docs/decisions/0023).
`table.py` lists every figure; docs/metrics.md is that list to read, and rules and dashboards may name nothing else.

This module is imported before any figure is made, since prometheus_client looks once whether and where files are kept.

Roadmap: observability/prometheus-and-grafana
"""

from config import env

#: Where the processes of this group keep their figures; None: in the memory of this one process.
DIRECTORY = env.folder("PROMETHEUS_MULTIPROC_DIR")
