"""Two processes, as far as the cache can tell, a clock that is moved by hand, and a product that everybody may see."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from shop.cache import kinds
from shop.cache.aside import Aside
from shop.cache.entries import Made
from shop.cache.memory import Memory
from shop.models import Product
from tests.factories import product


class Clock:
    """Both clocks of a process: they stand until they are moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock) -> Callable[[], Aside]:
    """`process()` is one that has just been started."""
    return lambda: Aside(1.0, Memory(clock=clock, wall=clock), patience=0.05)


@pytest.fixture
def key() -> str:
    """An address that no other test asks for."""
    return uuid4().hex


class Shelf:
    """What a view would read: a price. `ask` is the view, and counts how often it was asked."""

    def __init__(self, name: str) -> None:
        self.name, self.price, self.asked = name, "149.00", 0

    def ask(self) -> Made:
        self.asked += 1
        return Made(200, self.price.encode(), {"ETag": '"a"'}, (self.name,))


@pytest.fixture
def shelf() -> Shelf:
    """A list whose version is its own."""
    return Shelf(f"products-{uuid4().hex}")


@pytest.fixture
def kind(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of answer that depends on the shelf: fresh for 20 seconds, given once more for 10."""
    monkeypatch.setitem(kinds.KINDS, "shelf", kinds.Kind(20, 10, (shelf.name,)))
    return "shelf"


@pytest.fixture
def desk(transactional_db: None) -> Product:
    return product(slug="desk", sku="D-1", name="Oak desk", price="149.00")
