"""An OpenAPI document as it is compared: operations by name, parameters by place, schemas without references.

Roadmap: api/openapi-documentation
"""

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
#: libyaml is ten times as fast as the parser in Python, which is there where a wheel comes without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(file: Path) -> Json:
    """Return a document."""
    return dict(yaml.load(file.read_text("utf-8"), Loader=LOADER))


def operations(document: Json) -> dict[str, Json]:
    return {
        f"{verb.upper()} {path}": found for path, verbs in document["paths"].items() for verb, found in verbs.items()
    }


def parameters(operation: Json) -> dict[str, Json]:
    """Return the parameters of an operation by place and name."""
    return {f"{one['in']} {one['name']}": one for one in operation.get("parameters", ())}


def resolved(schema: Json, document: Json) -> Json:
    """The schema itself: what it points at, all of its parts in one."""
    if "$ref" in schema:
        return resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    parts = [resolved(part, document) for key in ("allOf", "oneOf") for part in schema.get(key, ())]
    merged: Json = {"enum": [value for part in parts for value in part.get("enum", ())]} if parts else {}
    for part in [*parts, {name: value for name, value in schema.items() if name not in {"allOf", "oneOf"}}]:
        merged |= {name: value for name, value in part.items() if name != "enum" or not parts}
    return merged if merged.get("enum") != [] else {name: value for name, value in merged.items() if name != "enum"}
