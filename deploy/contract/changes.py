"""What changed between two OpenAPI documents, and which of it breaks a client that was written against the older one.

    a request     may be taken in more forms than before, never in fewer     (what was sent must still be accepted)
    an answer     may say more than before, never less                       (what was read must still be there)

New values in an enumeration of an answer break nothing here: clients are told to expect them. Refuses nothing itself.

Roadmap: api/openapi-documentation, workflow/api-docs-maintenance
"""

from collections.abc import Iterator
from typing import NamedTuple

from deploy.contract.document import Json, operations, parameters, resolved

#: The bounds of what is taken; in which direction each becomes narrower.
UPPER, LOWER = ("maximum", "maxLength", "maxItems"), ("minimum", "minLength", "minItems")


class Change(NamedTuple):
    """One difference: where, what, and whether it breaks a client."""

    where: str
    what: str
    breaks: bool = True


class Comparison:
    """Two documents, walked side by side."""

    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, str]] = set()

    def changes(self) -> Iterator[Change]:
        """Everything that differs, by operation."""
        before, after = operations(self.old), operations(self.new)
        for name in after.keys() - before.keys():
            yield Change(name, "is new", breaks=False)
        for name, operation in before.items():
            if name in after:
                yield from self._operation(name, operation, after[name])
            else:
                yield Change(name, "is gone")

    def _operation(self, where: str, old: Json, new: Json) -> Iterator[Change]:
        if old["operationId"] != new["operationId"]:
            yield Change(where, f"is called {new['operationId']} instead of {old['operationId']}")
        for way_in in old.get("security", [{}]):
            if way_in not in new.get("security", [{}]):
                yield Change(where, f"no longer opens to {way_in or 'everybody'}")
        yield from self._parameters(where, parameters(old), parameters(new))
        yield from self._body(where, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield Change(where, f"no longer answers {status}")
                continue
            yield from self._content(f"{where} {status}", answer, new["responses"][status], is_request=False)

    def _parameters(self, where: str, old: dict[str, Json], new: dict[str, Json]) -> Iterator[Change]:
        for name in old.keys() - new.keys():
            yield Change(f"{where} {name}", "is gone")
        for name, parameter in new.items():
            if parameter.get("required") and not old.get(name, {}).get("required"):
                yield Change(f"{where} {name}", "must be sent now")
            elif name not in old:
                yield Change(f"{where} {name}", "is new", breaks=False)
            if name in old:
                yield from self._schema(f"{where} {name}", old[name]["schema"], parameter["schema"], is_request=True)

    def _body(self, where: str, old: Json | None, new: Json | None) -> Iterator[Change]:
        if new and new.get("required") and not (old and old.get("required")):
            yield Change(where, "must have a body now")
        if old and not new:
            yield Change(where, "takes no body any longer")
        if old and new:
            yield from self._content(where, old, new, is_request=True)

    def _content(self, where: str, old: Json, new: Json, *, is_request: bool) -> Iterator[Change]:
        for media, shape in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield Change(where, f"is no longer {media}")
                continue
            yield from self._schema(where, shape["schema"], new["content"][media]["schema"], is_request=is_request)

    def _schema(self, where: str, old: Json, new: Json, *, is_request: bool) -> Iterator[Change]:
        pair = (where, str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and pair in self.seen:
            return
        self.seen.add(pair)
        old, new = resolved(old, self.old), resolved(new, self.new)
        yield from _narrowed(where, old, new) if is_request else _loosened(where, old, new)
        for name, shape in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                yield Change(f"{where} {name}", "is gone")
            else:
                yield from self._schema(f"{where} {name}", shape, new["properties"][name], is_request=is_request)
        for name in new.get("properties", {}).keys() - old.get("properties", {}).keys():
            if not (is_request and name in new.get("required", ())):
                yield Change(f"{where} {name}", "is new", breaks=False)
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", old["items"], new["items"], is_request=is_request)


def _narrowed(where: str, old: Json, new: Json) -> Iterator[Change]:
    """What a request could hold and no longer can."""
    yield from _retyped(where, old, new, wider={("integer", "number")})
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield Change(f"{where} {name}", "must be sent now")
    if gone := _dropped(old, new):
        yield Change(where, f"no longer takes {', '.join(sorted(gone))}")
    if "enum" in new and "enum" not in old:
        yield Change(where, "takes only certain values now")
    if old.get("nullable") and not new.get("nullable"):
        yield Change(where, "no longer takes null")
    if new.get("pattern") not in {None, old.get("pattern")}:
        yield Change(where, f"must look like {new['pattern']} now")
    for bound in (*UPPER, *LOWER):
        before, after = old.get(bound), new.get(bound)
        if after is not None and (before is None or (after < before if bound in UPPER else after > before)):
            yield Change(where, f"has the {bound} {after} now")


def _loosened(where: str, old: Json, new: Json) -> Iterator[Change]:
    """What could be counted on in an answer and no longer can."""
    yield from _retyped(where, old, new, wider={("number", "integer")})
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        if name in new.get("properties", {}):
            yield Change(f"{where} {name}", "may be left out now")
    if new.get("nullable") and not old.get("nullable"):
        yield Change(where, "may be null now")
    if gone := _dropped(old, new):
        yield Change(where, f"is never {', '.join(sorted(gone))} any longer")


def _retyped(where: str, old: Json, new: Json, *, wider: set[tuple[str, str]]) -> Iterator[Change]:
    before, after = (old.get("type"), old.get("format")), (new.get("type"), new.get("format"))
    if before != after and (before[0], after[0]) not in wider:
        yield Change(where, f"is {_words(after)} instead of {_words(before)}")


def _dropped(old: Json, new: Json) -> set[str]:
    """Values that were in an enumeration; where there is none any longer, all are allowed."""
    before = set(map(str, old.get("enum", ())))
    return before - set(map(str, new["enum"])) if "enum" in new else set()


def _words(kind: tuple[str | None, str | None]) -> str:
    return " ".join(filter(None, kind)) or "anything"
