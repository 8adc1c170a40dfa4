"""Generate the code of the gRPC contract, and keep a book of its numbers: `python -m deploy.local.protocol`.

    stock.proto ─► protoc ─┬─► stock_pb2.py, .pyi, stock_pb2_grpc.py      (a test generates them anew and compares)
                           └─► docs/api/stock.fields.txt                 (only ever grows)

A client in the field reads field 2 as it was when the client was built. So a number never comes to mean something else:
who removes a field leaves its number `reserved` in the contract, and its line in the book.

Roadmap: api/grpc-proto
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from deploy.local.process import ROOT

CONTRACT = "shop/grpc/stock.proto"
GENERATED = ("stock_pb2.py", "stock_pb2.pyi", "stock_pb2_grpc.py")
BOOK = Path("docs/api/stock.fields.txt")
HEAD = "# Every number of shop/grpc/stock.proto that ever was, by `make schema`. Lines are added and never changed.\n"


class Reused(Exception):
    """A number means something else than before."""


def generate(folder: Path, root: Path = ROOT) -> FileDescriptorSet:
    """Write the code of the contract below the folder and return what the contract says."""
    described = folder / "described.bin"
    wishes = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    google = Path(grpc_tools.__file__).parent / "_proto"
    command = ["protoc", f"-I{root}", f"-I{google}", *wishes, f"--descriptor_set_out={described}", CONTRACT]
    if protoc.main(command):
        raise SystemExit("protoc does not accept the contract; see above.")
    contract = FileDescriptorSet.FromString(described.read_bytes())
    described.unlink()
    return contract


def numbers(contract: FileDescriptorSet) -> dict[str, str]:
    """`Message 2` → what it means; a number that is reserved means "reserved"."""
    return {
        place: meaning
        for file in contract.file
        for message in file.message_type
        for place, meaning in _of_message(message, f"{file.package}.{message.name}")
    }


def grown(book: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Return the book with what is new in it; raises Reused naming what was changed or removed without a trace."""
    faults = [
        f"{place} was {meaning!r} and is {now.get(place, 'gone; reserve it')!r}"
        for place, meaning in book.items()
        if now.get(place) not in (meaning, "reserved")
    ]
    if faults:
        raise Reused("; ".join(faults))
    return {place: meaning for place, meaning in now.items() if meaning != "reserved"} | dict(book)


def read_book(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\S+ \d+) = (.+)$", path.read_text(), re.MULTILINE)) if path.exists() else {}


def _of_message(message: DescriptorProto, name: str) -> Iterator[tuple[str, str]]:
    for gap in message.reserved_range:
        yield from ((f"{name} {number}", "reserved") for number in range(gap.start, gap.end))
    for field in message.field:
        yield f"{name} {field.number}", _meaning(field)
    for inner in message.nested_type:
        yield from _of_message(inner, f"{name}.{inner.name}")
    for choice in message.enum_type:
        yield from _of_enum(choice, f"{name}.{choice.name}")


def _of_enum(choice: EnumDescriptorProto, name: str) -> Iterator[tuple[str, str]]:
    for gap in choice.reserved_range:  # its end is included, unlike a message's
        yield from ((f"{name} {number}", "reserved") for number in range(gap.start, gap.end + 1))
    yield from ((f"{name} {value.number}", value.name) for value in choice.value)


def _meaning(field: FieldDescriptorProto) -> str:
    kinds = FieldDescriptorProto
    label = "repeated " if field.label == kinds.LABEL_REPEATED else ""
    kind = field.type_name.lstrip(".") or kinds.Type.Name(field.type).removeprefix("TYPE_").lower()
    return f"{label}{kind} {field.name}"


def main(root: Path = ROOT) -> int:
    with tempfile.TemporaryDirectory() as name:
        contract = generate(Path(name), root)
        try:
            book = grown(read_book(root / BOOK), numbers(contract))
        except Reused as fault:
            print(fault, file=sys.stderr)
            return 1
        for file in GENERATED:
            (root / "shop" / "grpc" / file).write_text(Path(name, "shop", "grpc", file).read_text())
    lines = (f"{place} = {meaning}\n" for place, meaning in sorted(book.items(), key=_by_number))
    (root / BOOK).write_text(HEAD + "".join(lines))
    return 0


def _by_number(entry: tuple[str, str]) -> tuple[str, int]:
    name, number = entry[0].split()
    return name, int(number)


if __name__ == "__main__":
    sys.exit(main())
