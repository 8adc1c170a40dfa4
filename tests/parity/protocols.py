"""The protocols, and who plays what: an act that one does not know is done by another that does.

So a case may begin where only one protocol can, and end where all of them look at what came of it.
"""

from types import ModuleType

from tests.parity import graphql, rest, rpc
from tests.parity.steps import Case

PROTOCOLS = {"REST": rest, "GraphQL": graphql, "gRPC": rpc}


def players(case: Case, protocol: ModuleType) -> tuple[ModuleType, ...]:
    """Who does each step: the protocol, or in its place the first that knows the act."""
    return tuple(next(one for one in (protocol, *PROTOCOLS.values()) if step.act in one.ACTS) for step in case.steps)


def plays(case: Case) -> dict[str, tuple[ModuleType, ...]]:
    """Every way to play the case, by its protocol; what would be another's play over again is left out."""
    ways = {name: players(case, protocol) for name, protocol in PROTOCOLS.items()}
    first = {way: name for name, way in reversed(ways.items()) if PROTOCOLS[name] in way}
    return {name: way for name, way in ways.items() if first.get(way) == name}
