"""What is counted of the shelves. The table of all figures is `docs/metrics.md`; `config/metrics/` shows them.

Counters of prometheus_client, whose registry is the seam: core knows nothing of who reads them. Adding to one costs a
microsecond and no SQL.

Roadmap: observability/apm-signals
"""

from prometheus_client import Counter

STOCK_REFUSALS = Counter("shop_stock_refusals", "Wishes for more units than were left: nothing was set aside.")
#: A repetition under a known key moves nothing and is not counted.
RESERVATIONS = Counter("shop_reservations", "Reservations of warehouses that were made and that ended.", ["event"])
