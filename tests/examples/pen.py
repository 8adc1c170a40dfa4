"""Writes an answer into the file that its example stands in; the question is left as it was written by hand."""

from pathlib import Path
from typing import Any

import yaml

from config.openapi.examples import Example, files


class Plain(yaml.SafeDumper):
    """No anchors: what stands twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_answer(example: Example, answer: Any) -> Path:
    """Put the answer where the example stands, and return that file."""
    for file in files():
        text = file.read_text("utf-8")
        told = yaml.safe_load(text)
        if example.name in told.get(example.operation, {}):
            one = told[example.operation][example.name]
            one.pop("answer", None)
            told[example.operation][example.name] = one | ({"answer": answer} if answer is not None else {})
            head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
            file.write_text(head + yaml.dump(told, Dumper=Plain, sort_keys=False, allow_unicode=True, width=116))
            return file
    raise LookupError(f"{example.operation} {example.name} stands in no file")
