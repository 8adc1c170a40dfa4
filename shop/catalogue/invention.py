"""Products that nobody has made: composed from `vocabulary.toml` by a random generator, believable and repeatable.

    seed, number ─► kind ─► material and look ─► size, price, weight ─► name, three or four sentences, attributes

The same seed and number give the same product on every machine, so a load test can be run again on the same shop.
Refuses nothing: what it composes satisfies the constraints of `shop.models` by construction.

Roadmap: databases/data-types
"""

import random
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.text import slugify

MEASURES = ("width_mm", "depth_mm", "height_mm", "weight_g")
DAY = 86_400  # seconds


class Invention(NamedTuple):
    """One invented product with its opening stock and how many seconds ago it went on sale."""

    category: str
    sku: str
    slug: str
    name: str
    description: str
    price: Decimal
    attributes: dict[str, Any]
    is_listed: bool
    on_hand: int
    age: int


def invent(seed: int, number: int) -> Invention:
    """Compose product `number`; its SKU and slug end in the number and are therefore unique."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - shop goods, not secrets
    kind = chance.choice(_words()["kind"])
    material = _materials()[chance.choice(kind["materials"])]
    look = chance.randrange(len(material["looks"]))
    size = chance.random()
    attributes = _attributes(chance, kind, material, look, size)
    name = _name(chance, kind, material["looks"][look], attributes["width_mm"])
    price = _price(chance, size, *kind["price"])
    return Invention(
        category=kind["category"],
        sku=f"{kind['code']}-{material['code']}-{number:07}",
        slug=f"{slugify(name)}-{number}",
        name=name,
        description=_description(chance, kind, material, material["looks"][look], attributes),
        price=price,
        attributes=attributes,
        is_listed=chance.random() > 0.01,
        on_hand=0 if chance.random() < 0.03 else chance.randint(1, 20 if price > 300 else 120),
        age=chance.randrange(DAY, 730 * DAY),
    )


def _name(chance: random.Random, kind: dict[str, Any], look: str, width_mm: int) -> str:
    """Furniture is told apart by its width, as in "Tarn Writing Desk 140, smoked oak"; small things are not."""
    width = f" {width_mm // 10}" if kind["width_mm"][0] >= 130 else ""
    return f"{chance.choice(_words()['models'])} {kind['noun']}{width}, {look}"


def _attributes(
    chance: random.Random, kind: dict[str, Any], material: dict[str, Any], look: int, size: float
) -> dict[str, Any]:
    """What every product has, then what only its kind has: a lamp has lumens, a notebook pages."""
    measures = {side: _measure(chance, size, *kind[side]) for side in MEASURES if side in kind}
    facts = {fact: chance.choice(choices) for fact, choices in kind.get("facts", {}).items()}
    grows = {fact: steps[int(size * len(steps))] for fact, steps in kind.get("grows", {}).items()}
    made_in = chance.choice(_words()["places"])
    return {
        "material": material["name"],
        "colour": material["colours"][look],
        "depth_mm": measures["width_mm"],  # round, unless the measures say otherwise
        **measures,
        **facts,
        **grows,
        "made_in": made_in,
    }


def _measure(chance: random.Random, size: float, low: int, high: int) -> int:
    """Interpolate by size, give or take a tenth; makers round large measures to ten."""
    share = min(1.0, max(0.0, size + chance.uniform(-0.1, 0.1)))
    measure = round(low + (high - low) * share)
    return measure if high < 100 else round(measure, -1)


def _price(chance: random.Random, size: float, low: int, high: int) -> Decimal:
    """Large things cost more and most things are cheap for their kind; cents are counted as integers on the way."""
    euros = low + int((high - low) * ((size + chance.random()) / 2) ** 2)
    return Decimal(euros * 100 + chance.choice((0, 0, 50, 90))).scaleb(-2)


def _description(
    chance: random.Random, kind: dict[str, Any], material: dict[str, Any], look: str, attributes: dict[str, Any]
) -> str:
    words = _words()
    origin = chance.choice(words["origins"]).format(
        place=attributes["made_in"],
        hands=chance.randint(3, 40),
        batch=chance.randrange(20, 201, 10),
        year=chance.randint(1890, 2015),
    )
    opening = chance.choice(kind["openings"]).format(look=look, width=attributes["width_mm"] // 10)
    sentences = [opening, chance.choice(material["ageing"]), origin]
    if chance.random() < 0.7:
        sentences.append(chance.choice(words["closings"][kind["category"]]))
    return " ".join(sentences)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "vocabulary.toml").read_text("utf-8"))


@cache
def _materials() -> dict[str, dict[str, Any]]:
    return {material["name"]: material for material in _words()["material"]}
