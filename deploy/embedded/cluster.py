"""Make what a PostgreSQL server needs before it can serve the shop: its data folder, the shop's role and database.

The role may create databases (tests do) and is no superuser.

Roadmap: databases/dcl, security/least-privilege
"""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.embedded.binaries import POSTGRES_MAJOR, postgres_program
from deploy.embedded.errors import ServerTrouble
from deploy.embedded.identity import Identity
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.state import State


def connect(state: State, *, patience: int = 10) -> psycopg.Connection:
    """As the superuser, for this package only."""
    url = f"postgres://postgres:{state.admin_password}@{LOOPBACK}:{state.postgres_port}/postgres"
    return psycopg.connect(url, connect_timeout=patience, autocommit=True)


def create(home: Path, state: State, identity: Identity) -> None:
    """Only a complete folder ever gets the name `data`, so a kill during initdb leaves nothing to repair."""
    if (home / "data").exists():
        _check_version(home / "data")
        return
    draft, password = home / "data.new", home / "password"
    shutil.rmtree(draft, ignore_errors=True)
    identity.write_secret(password, state.admin_password)
    try:
        _initdb(draft, password, identity)
    finally:
        password.unlink()
    draft.rename(home / "data")


def _initdb(folder: Path, password: Path, identity: Identity) -> None:
    # Sorting by code point: the wheel has no ICU, and the system's own locales differ from machine to machine.
    locale = ["-E", "UTF8", "--locale=C.UTF-8" if os.uname().sysname == "Linux" else "--locale=C"]
    access = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"]
    program = str(postgres_program("initdb"))
    line = [*identity.prefix, program, "-D", str(folder), *access, *locale, "--no-sync", "--no-instructions"]
    answer = subprocess.run(line, capture_output=True, text=True, cwd="/", **identity.credentials())
    if answer.returncode:
        raise ServerTrouble(f"PostgreSQL could not create its files in {folder}: {answer.stderr.strip()[-800:]}")


def _check_version(data: Path) -> None:
    version = data.joinpath("PG_VERSION").read_text().strip()
    if version != POSTGRES_MAJOR:
        raise ServerTrouble(
            f"{data} was made by PostgreSQL {version}, this is {POSTGRES_MAJOR}. Remove {data.parent.parent} to start "
            f"afresh, or dump it with PostgreSQL {version} first."
        )


def furnish(state: State) -> None:
    """The shop's own role and database; makes only what is missing."""
    with connect(state) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'shop'").fetchone():
            password = sql.Literal(state.shop_password)
            connection.execute(sql.SQL("CREATE ROLE shop LOGIN CREATEDB PASSWORD {}").format(password))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone():
            connection.execute("CREATE DATABASE shop OWNER shop")
