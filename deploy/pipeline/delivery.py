"""`python -m deploy.pipeline.delivery package|image|artefact|deploy`: from tested files to a release that answers.

    package   the committed files that a server needs, in an archive that is the same for the same commit
    image     the container image, where there is an engine to build it with
    artefact  the archive in the store, by name and checksum; what is there is never written over
    deploy    unpacked below RELEASE_ROOT, migrated, asked whether it is alive, and only then `current`

Without RELEASE_ROOT and DATABASE_URL a release goes into a new folder with servers of its own, which end with it: a
rehearsal. A release that does not answer leaves `current` where it was.

Roadmap: deployment/ci-cd-pipeline
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.embedded import running
from deploy.pipeline.stages import KEPT, ROOT

APART = ("tests", "docs", "roadmap/lessons", ".github", ".ci")
ALIVE = """
import django; django.setup()
from django.test import Client
assert Client().get("/healthz/ready", headers={"host": "127.0.0.1"}).json()["parts"]["database"] == "up"
"""


class DeliveryFailed(Exception):
    """Why there is no release."""


def package(kept: Path = KEPT, root: Path = ROOT) -> Path:
    """Archive HEAD without what only developers need. Same commit, same bytes: git writes its time alone."""
    name = f"roadmap-shop-{_git(root, 'rev-parse', '--short=12', 'HEAD')}"
    archive = kept / f"{name}.tar"
    kept.mkdir(parents=True, exist_ok=True)
    without = [f":(exclude){path}" for path in APART]
    _git(root, "archive", f"--prefix={name}/", f"--output={archive}", "HEAD", "--", ".", *without)
    return archive


def image(kept: Path = KEPT) -> str:
    """The image's id, or why there is none: a machine without an engine can do all the rest."""
    if not (ROOT / "Dockerfile").exists() or shutil.which("docker") is None:
        return "no image: it needs a Dockerfile and docker"
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        return "no image: docker is there, but no engine answers"
    tag = f"roadmap-shop:{_git(ROOT, 'rev-parse', '--short=12', 'HEAD')}"
    if subprocess.run(["docker", "build", "--tag", tag, "."], cwd=ROOT).returncode:
        raise DeliveryFailed("docker build failed")
    return tag


def artefact(kept: Path = KEPT) -> Path:
    """Put the one package into the store with its checksum; refuse other bytes under the same name."""
    archive = _only_package(kept)
    store = kept / "store"
    store.mkdir(exist_ok=True)
    there, checksum = store / archive.name, store / f"{archive.name}.sha256"
    if there.exists() and _digest(there) != _digest(archive):
        raise DeliveryFailed(f"{there} holds something else: a released name is never given twice")
    shutil.copyfile(archive, there)
    checksum.write_text(f"{_digest(there)}  {there.name}\n")
    return there


def deploy(release_root: Path, environment: dict[str, str], kept: Path = KEPT) -> Path:
    """Make the stored package the current release below `release_root`, or raise DeliveryFailed and change nothing."""
    archive = kept / "store" / _only_package(kept).name
    if archive.with_suffix(".tar.sha256").read_text().split()[0] != _digest(archive):
        raise DeliveryFailed(f"{archive} is not what was put into the store")
    release = release_root / "releases" / archive.stem
    with tarfile.open(archive) as files:
        files.extractall(release.parent, filter="data")
    for step in (["manage.py", "migrate", "--verbosity", "0"], ["-c", ALIVE]):
        if subprocess.run([sys.executable, *step], cwd=release, env=environment).returncode:
            raise DeliveryFailed(f"{release.name} does not start: {' '.join(step[:2])}")
    link = release_root / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(release)
    link.replace(release_root / "current")  # in one step: whoever looks finds the old release or the new one
    return release


def rehearse(kept: Path = KEPT) -> str:
    """Deploy below RELEASE_ROOT on DATABASE_URL, or in a folder and on servers of this minute."""
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings.base"} | os.environ
    if "RELEASE_ROOT" in os.environ:
        return str(deploy(Path(os.environ["RELEASE_ROOT"]), settings, kept))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder, "servers"), durable=False) as servers:
        release = deploy(Path(folder, "srv"), settings | servers.environment(), kept)
        return f"rehearsed {release.name}"


def _only_package(kept: Path) -> Path:
    found = sorted(kept.glob("roadmap-shop-*.tar"))
    if len(found) != 1:
        raise DeliveryFailed(f"there must be one package in {kept}, not {len(found)}")
    return found[0]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _git(root: Path, *question: str) -> str:
    return subprocess.run(["git", *question], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


ACTS: dict[str, Callable[[Path], object]] = {
    "package": package,
    "image": image,
    "artefact": artefact,
    "deploy": rehearse,
}


def main(act: str) -> int:
    try:
        print(ACTS[act](KEPT))
    except DeliveryFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
