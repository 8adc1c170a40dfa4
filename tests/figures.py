"""Reading the metrics page as Prometheus does."""

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from config.metrics import exposition


def samples(page: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every series of a page with its value."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(page: str, name: str, **labels: object) -> float:
    """The sum of all series of this name that have these labels; 0 if there is none."""
    wanted = {(label, str(wish)) for label, wish in labels.items()}
    return sum(value for (known, has), value in samples(page).items() if known == name and wanted <= has)


def page(collectors: Iterable[object] = ()) -> str:
    """What this process has counted, and what these collectors say."""
    return exposition.page(collectors).decode()  # type: ignore[arg-type]


class Gained:
    """`gained = Gained()` now, and later `gained("shop_purchases_total", outcome="paid")` is how many came since."""

    def __init__(self) -> None:
        self.before = page()

    def __call__(self, name: str, **labels: object) -> float:
        return value(page(), name, **labels) - value(self.before, name, **labels)
