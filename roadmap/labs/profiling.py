"""A slow page, found slow by two profilers, mended, and looked at again: `python -m roadmap.labs.profiling`.

    price list ─► cProfile: which functions?    PostgreSQL's log of this connection: which statements?
        └─► the cause ─► the same list by one statement ─► both again

`python -m roadmap.labs.profiling naive` only draws up the slow list for four seconds, for a profiler to look at from
outside; `… samples FILE` reads what py-spy wrote.

Roadmap: performance/profiling
"""

import cProfile
import os
import pstats
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import django
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

DEAREST = 10


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["samples"]:
        read_samples(Path(arguments[1]))
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    django.setup()
    if arguments == ["naive"]:
        until = time.monotonic() + 4
        while time.monotonic() < until:
            naive()
        return
    before = profiled("naive", naive)
    after = profiled("mended", mended)
    print(f"statements: {before} before, {after} after; the lists are equal: {naive() == mended()}")


def naive() -> list[str]:
    """A price list as one writes it down at first: each row asks for its category and for its shelf."""
    products = apps.get_model("shop", "Product").objects.order_by("sku")
    return [row(product) for product in products]


def mended() -> list[str]:
    """The same rows; category and shelf come along with the products."""
    products = apps.get_model("shop", "Product").objects.order_by("sku").select_related("category", "stock")
    return [row(product) for product in products]


def row(product: object) -> str:
    return f"{product.sku} {product.category.name} {product.price} {product.shelf.available}"  # type: ignore[attr-defined]


def profiled(name: str, work: Callable[[], list[str]]) -> int:
    """Print the dearest calls and the statements by how often they ran; return how many statements there were."""
    profile = cProfile.Profile()
    with CaptureQueriesContext(connection) as captured:
        profile.runcall(work)
    print(f"== {name}: the {DEAREST} dearest calls, by their own time")
    stats = pstats.Stats(profile)
    stats.calc_callees()
    dearest = sorted(stats.stats.items(), key=lambda entry: -entry[1][2])[:DEAREST]  # type: ignore[attr-defined]
    for (file, _, function), (_, calls, own, total, _) in dearest:
        print(f"{own * 1000:8.1f} ms of {total * 1000:8.1f}  {calls:6} x  {Path(file).name}:{function}")
    print(f"== {name}: the statements")
    shapes = Counter(re.sub(r"\d+|'[^']*'", "?", query["sql"]) for query in captured.captured_queries)
    for shape, count in shapes.most_common(DEAREST):
        print(f"{count:6} x  {shape[shape.find('FROM') :][:80]}")
    return len(captured)


def read_samples(file: Path) -> None:
    """Print what was on the stack below `naive`, in how many of the samples. A line is `outer;…;inner count`."""
    seen: Counter[str] = Counter()
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame.partition(" (")[0] for frame in stack.split(";")]
        if "naive" in frames:
            seen |= {name: seen[name] + int(count) for name in {*frames[frames.index("naive") :]}}
    whole = seen["naive"]
    for name, times in seen.most_common(DEAREST):
        print(f"{100 * times / whole:4.0f} % of the samples in {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
