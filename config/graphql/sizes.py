"""How many parts of each kind a document may have, counted in one walk before anything looks at two of them together.

    kind         why more of them would hurt
    selections   fields of one name are compared pair by pair: 600 of them took a tenth of a second
    fragments    so are fragments that are spread beside each other
    variables    each is looked for in every part of the document
    arguments    of one name, each pair is an error to be written down
    values       a literal of a thousand values is what variables are for

Refuses with TooMuch, by kind. The times stand in `tests/config/test_graphql_abuse.py`.

Roadmap: api/graphql-schema-and-resolvers, security/dos-protection
"""

from collections import Counter

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    ValueNode,
    VariableDefinitionNode,
)

from config.graphql.limits import TooMuch

KINDS: dict[type[Node], str] = {
    OperationDefinitionNode: "operations", FragmentDefinitionNode: "fragments", VariableDefinitionNode: "variables",
    FieldNode: "selections", FragmentSpreadNode: "selections", InlineFragmentNode: "selections",
    ArgumentNode: "arguments", ObjectFieldNode: "arguments", DirectiveNode: "directives",
}  # fmt: skip
#: GraphiQL's question about the schema, the largest honest document that we know, has 78 selections.
MOST = {
    "operations": 5, "fragments": 30, "variables": 40, "selections": 150, "arguments": 120, "directives": 40,
    "values": 150,
}  # fmt: skip


def require_small(document: DocumentNode) -> None:
    """Raise TooMuch for a document with too many parts of a kind. A millisecond for the longest that can be sent."""
    counted: Counter[str] = Counter()
    waiting: list[Node] = list(document.definitions)
    while waiting:
        node = waiting.pop()
        kind = KINDS.get(type(node)) or ("values" if isinstance(node, ValueNode) else "")
        counted[kind] += 1
        if kind and counted[kind] > MOST[kind]:
            raise TooMuch(f"A document has at most {MOST[kind]} {kind}. Ask for less at once, or send variables.")
        for name in node.keys:
            part = getattr(node, name, None)
            if isinstance(part, Node):
                waiting.append(part)
            elif isinstance(part, tuple | list):
                waiting.extend(part)
