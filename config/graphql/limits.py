"""What a document may ask for, counted before it is validated or run: depth, aliases and cost.

    cost = 1 for each field, and what stands below a connection as often as rows are asked for

    { products(first: 100) { edges { node { category { products(first: 100) { edges { node { sku } } } } } } } }
                                     100                      ·               100                        = refused

A fragment that spreads another twice doubles at each step, so whoever followed it would never end. Here every fragment
is looked at once. How many parts a document may have at all stands in `sizes.py`.

Refuses with TooMuch, in words, what to ask less of.

Roadmap: api/graphql-schema-and-resolvers, security/dos-protection
"""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from shop.schema.paging import MOST, USUAL

MOST_TOKENS, MOST_DEPTH, MOST_ALIASES, MOST_COST = 1_000, 12, 30, 5_000
#: Fields whose selection is answered once for each row.
CONNECTIONS = {"products", "orders", "reviews"}
#: Fields and arguments that take from a bucket of their own, as their likes in REST do.
BUCKETS = {"purchase": "checkout", "search": "search"}
#: Every tool asks for the whole schema once, and that takes 30 ms: two may stand in a document, and hardly an alias.
SCHEMA_COST, SCHEMA_ALIAS = 2_400, 10


class TooMuch(Exception):
    """The document is too deep, too wide or too dear to be run."""


@dataclass
class Price:
    """What a selection costs, how deep it goes, and what it takes from which bucket of its own."""

    cost: int = 0
    depth: int = 0
    aliases: int = 0
    takes: Tally[str] = field(default_factory=Tally)


@dataclass
class Counter:
    """Walks one document; `prices` remembers each fragment, `open` the fragments that it is inside of."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    prices: dict[str, Price] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def selection(self, selected: SelectionSetNode | None) -> Price:
        """Add up what is selected."""
        total = Price()
        for node in selected.selections if selected else ():
            price = self.node(node)
            total.cost, total.aliases = total.cost + price.cost, total.aliases + price.aliases
            total.depth, total.takes = max(total.depth, price.depth), total.takes + price.takes
        return total

    def node(self, node: Any) -> Price:
        """Price one field, fragment or spread; a fragment inside itself is left to the validation."""
        if isinstance(node, FieldNode):
            return self.field(node)
        if isinstance(node, InlineFragmentNode):
            return self.selection(node.selection_set)
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name in self.open or name not in self.fragments:
            return Price()
        if name not in self.prices:
            self.open.add(name)
            self.prices[name] = self.selection(self.fragments[name].selection_set)
            self.open.remove(name)
        return self.prices[name]

    def field(self, node: FieldNode) -> Price:
        """A field costs one, and its selection for each row that it may answer with."""
        below = self.selection(node.selection_set)
        if node.name.value in {"__schema", "__type"}:  # how deep it goes is for MaxIntrospectionDepthRule to judge
            return Price(SCHEMA_COST, 1, below.aliases * SCHEMA_ALIAS + bool(node.alias))
        rows = self.rows(node) if node.name.value in CONNECTIONS else 1
        cost = min(1 + rows * below.cost, MOST_COST + 1)
        words = [node.name.value, *(argument.name.value for argument in node.arguments)]
        takes = below.takes + Tally(BUCKETS[word] for word in words if word in BUCKETS)
        return Price(cost, below.depth + 1, below.aliases + bool(node.alias), takes)

    def rows(self, node: FieldNode) -> int:
        """How many rows it asks for at most; what cannot be read counts as the most, and is refused later."""
        wanted = [argument.value for argument in node.arguments if argument.name.value in {"first", "last"}]
        return max((self.number(value) for value in wanted), default=USUAL)

    def number(self, value: Any) -> int:
        """The value of an argument, given there or in a variable."""
        given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else None
        if isinstance(value, IntValueNode) and len(value.value) < 9:
            given = int(value.value)
        return given if isinstance(given, int) and 0 < given <= MOST else MOST


def require_affordable(document: DocumentNode, variables: Mapping[str, Any]) -> Tally[str]:
    """Return what it takes from which bucket; raise TooMuch when it asks for more than one answer should hold."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    counter, takes = Counter(fragments, variables), Tally[str]()
    for price in [counter.selection(operation.selection_set) for operation in operations]:
        takes += price.takes + Tally(graphql=price.cost)
        for what, counted, most in (
            ("deep", price.depth, MOST_DEPTH),
            ("wide: aliases", price.aliases, MOST_ALIASES),
            ("dear: fields times rows", price.cost, MOST_COST),
        ):
            if counted > most:
                raise TooMuch(f"Too {what}, more than {most}. Ask for less at once.")
    return takes
