"""Who the servers run as: ourselves, or `nobody` when we are root, because PostgreSQL refuses to run as root.

    plain      become nobody                                          the folders let others pass
    setpriv    become nobody, keep the one right to pass any folder   a project below root's 0700 home
    unshare    root of nothing in a user namespace of its own         the same, where setpriv is missing

The first that can really run the program and write the folder is taken. No user is created, no folder above opened up.

Roadmap: security/least-privilege, foundations/file-permissions
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.errors import ServerTrouble

PROBE = 'test -w "$1" && exec "$2" --version'


@dataclass(frozen=True)
class Identity:
    """How a server process gets its user: a command prefix, or credentials set between fork and exec."""

    prefix: tuple[str, ...] = ()
    drop_to: pwd.struct_passwd | None = None
    owner: int | None = None  # who must own the files; None: whoever we are

    def credentials(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess`."""
        if self.drop_to is None:
            return {}
        return {"user": self.drop_to.pw_uid, "group": self.drop_to.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make the folder and all below it belong to this identity."""
        if self.owner is None or folder.stat().st_uid == self.owner:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, -1, follow_symlinks=False)

    def write_secret(self, file: Path, text: str) -> None:
        """A file that this identity and nobody else can read."""
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(text)
        if self.owner is not None:
            os.chown(file, self.owner, -1)

    def can_run(self, program: Path, folder: Path) -> bool:
        """True if this identity reaches the program and may write the folder."""
        self.own(folder)
        line = [*self.prefix, "/bin/sh", "-c", PROBE, "probe", str(folder), str(program)]
        try:
            return subprocess.run(line, capture_output=True, cwd="/", **self.credentials()).returncode == 0
        except OSError:
            return False


def _identities_for_root() -> list[Identity]:
    nobody = pwd.getpwnam("nobody")
    uid, gid = str(nobody.pw_uid), str(nobody.pw_gid)
    ways = [Identity(drop_to=nobody, owner=nobody.pw_uid)]
    if setpriv := shutil.which("setpriv"):
        rights = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override", "--bounding-set=-all,+dac_override"]
        rights += ["--securebits=+no_setuid_fixup"]  # else access(2), which PostgreSQL asks, would not count the right
        ways.append(Identity((setpriv, "--reuid", uid, "--regid", gid, "--clear-groups", *rights), owner=nobody.pw_uid))
    if unshare := shutil.which("unshare"):
        ways.append(Identity((unshare, "-U", f"--map-user={uid}", f"--map-group={gid}"), owner=0))
    return ways


def identity_for(program: Path, folder: Path) -> Identity:
    """The first identity that may run the program with its files in the folder (which must exist)."""
    ways = _identities_for_root() if os.geteuid() == 0 else [Identity()]
    for identity in ways:
        if identity.can_run(program, folder):
            return identity
    account = pwd.getpwuid(os.geteuid()).pw_name
    raise ServerTrouble(
        f"{program.name} cannot be started with its files in {folder}: the account {account} may not use that folder "
        f"or not run {program}. Move the project to a folder that all accounts may enter, run it as an ordinary user, "
        "or set DATABASE_URL and REDIS_URL to servers of your own."
    )
