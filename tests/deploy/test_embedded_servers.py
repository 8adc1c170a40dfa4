"""Real servers from wheels: what they are, who may use them, and that starting them twice is starting them once."""

import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.embedded import Servers, ServerTrouble, down, postgres, running, up
from deploy.embedded.binaries import postgres_program
from deploy.embedded.ports import free_port
from deploy.embedded.state import State, locked

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[Servers]:
    with running(folder, durable=False) as found:
        yield found


def setting(servers: Servers, name: str) -> str:
    with psycopg.connect(servers.admin_url) as connection:
        return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


def test_postgres_is_18_with_our_settings(servers: Servers) -> None:
    wanted = {"max_connections": "200", "wal_level": "logical", "TimeZone": "UTC", "listen_addresses": "127.0.0.1"}

    assert setting(servers, "server_version").startswith("18")
    assert {name: setting(servers, name) for name in wanted} == wanted
    assert setting(servers, "unix_socket_directories") == ""


@pytest.mark.roadmap("databases/acid")
def test_disposable_servers_still_keep_what_they_answered_for(servers: Servers) -> None:
    assert setting(servers, "fsync") == "off"
    assert setting(servers, "synchronous_commit") == "on"


def test_shop_role_is_no_superuser_but_may_create_databases(servers: Servers) -> None:
    with psycopg.connect(servers.database_url) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert rights == (False, True)


def test_nobody_gets_in_without_the_password(servers: Servers) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(servers.database_url.replace("shop:", "shop:x"))
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=int(servers.redis_url.rpartition(":")[2].split("/")[0])).ping()


def test_passwords_are_readable_by_their_owner_only(servers: Servers, folder: Path) -> None:
    private = [folder / "state.json", folder / "redis" / "redis.conf", folder / "postgres" / "data"]

    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private] == [0, 0, 0]


@pytest.mark.roadmap("languages/error-handling")
def test_held_lock_is_explained_with_its_holder(folder: Path, servers: Servers) -> None:
    with locked(folder), pytest.raises(ServerTrouble) as trouble, locked(folder, patience=0.1):
        raise AssertionError("two holders")

    assert f"Process {os.getpid()} has been starting" in str(trouble.value)


@pytest.mark.roadmap("languages/error-handling")
def test_program_that_the_wheel_lacks_is_named() -> None:
    with pytest.raises(ServerTrouble, match=r"has no pg_nonsense for .* Set DATABASE_URL"):
        postgres_program("pg_nonsense")


@pytest.mark.roadmap("workflow/twelve-factor")
def test_given_servers_are_used_and_nothing_is_started(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgres://elsewhere/shop", "REDIS_URL": "redis://elsewhere/0"}

    servers = up(tmp_path, given=given)

    assert servers.environment() == given
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "redis").exists()


@pytest.mark.roadmap("foundations/processes-and-threads")
def test_four_racing_starters_start_one_server(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "deploy.embedded", "up", "--profile", "test", "--dir", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    try:
        starters = [subprocess.Popen(line, stdout=subprocess.PIPE, cwd=ROOT, env=environment) for _ in range(4)]
        answers = {starter.communicate()[0] for starter in starters}

        assert [starter.returncode for starter in starters] == [0, 0, 0, 0]
        assert len(answers) == 1
    finally:
        down(tmp_path)


@pytest.mark.roadmap("foundations/processes-and-threads")
def test_last_owner_turns_off_the_light(tmp_path: Path) -> None:
    with running(tmp_path, durable=False):
        with running(tmp_path, durable=False):
            pass
        assert postgres.is_answering(State.load(tmp_path))

    assert not postgres.is_answering(State.load(tmp_path))


@pytest.mark.roadmap("foundations/command-line")
def test_command_line_tells_the_state_in_words_and_exit_codes(folder: Path, servers: Servers, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "deploy.embedded", "status", "--dir"]

    on = subprocess.run([*line, folder], capture_output=True, text=True, cwd=ROOT)
    off = subprocess.run([*line, tmp_path], capture_output=True, text=True, cwd=ROOT)

    assert (on.returncode, servers.database_url in on.stdout) == (0, True)
    assert (off.returncode, off.stdout.split()) == (3, ["PostgreSQL", "down", "Redis", "down"])


def test_starters_with_equally_seeded_randomness_choose_different_ports() -> None:
    """As the processes of one parallel test run are, each of which then chooses ports for a shop of its own."""
    chosen = set()
    for _starter in range(3):
        random.seed(4711)
        chosen.add(tuple(free_port() for _ in range(3)))

    assert len(chosen) == 3
