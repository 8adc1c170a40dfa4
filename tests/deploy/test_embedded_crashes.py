"""Whatever is killed, and whatever it leaves behind: no orphan server, no lost data, and the next start just works."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.embedded import (
    Servers,
    ServerTrouble,
    down,
    postgres,
    restart_postgres,
    restart_redis,
    running,
    start_postgres,
    stop_postgres,
    up,
)
from deploy.embedded.processes import command_of, wait_until
from deploy.embedded.state import State

ROOT = Path(__file__).parents[2]
# Whoever starts the tests in the background of a shell hands a SIGINT down that is ignored.
OWNER = """
import signal, sys, time
from pathlib import Path
from deploy.embedded import running
signal.signal(signal.SIGINT, signal.default_int_handler)
with running(Path(sys.argv[1]), durable=False):
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crashes").resolve()


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    with running(folder, durable=False) as found:
        yield found


def server_pids(folder: Path) -> list[int]:
    return [
        int((folder / file).read_text().split()[0]) for file in ("postgres/data/postmaster.pid", "redis/server.pid")
    ]


@pytest.mark.roadmap("foundations/processes-and-threads")
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_owner_that_dies_leaves_no_server(folder: Path, signum: int) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    with owner:
        assert owner.stdout.readline() == b"up\n"
        pids = server_pids(folder)

        owner.send_signal(signum)

    assert wait_until(lambda: not any(command_of(pid) for pid in pids), 15)


@pytest.mark.roadmap("databases/acid")
@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
def test_postgres_comes_back_on_its_port_with_every_commit(servers: Servers, folder: Path, mode: str) -> None:
    with psycopg.connect(servers.database_url) as connection:
        connection.execute(f"CREATE TABLE kept_{mode} AS SELECT 1 AS answer")

    restart_postgres(folder, mode)

    with psycopg.connect(servers.database_url) as connection:
        assert connection.execute(f"SELECT answer FROM kept_{mode}").fetchone() == (1,)


@pytest.mark.roadmap("nosql/redis-persistence-and-clustering")
@pytest.mark.parametrize("mode", ["clean", "kill"])
def test_redis_comes_back_with_its_queues(servers: Servers, folder: Path, mode: str) -> None:
    with redis.Redis.from_url(servers.redis_url) as connection:
        connection.lpush(f"queue-{mode}", "task")

        restart_redis(folder, mode)

        assert connection.lrange(f"queue-{mode}", 0, -1) == [b"task"]


@pytest.mark.roadmap("foundations/processes-and-threads")
@pytest.mark.parametrize("leftover", ["a stranger", "a zombie"])
def test_noted_process_id_is_not_trusted(folder: Path, leftover: str) -> None:
    with subprocess.Popen(["sleep", "60" if leftover == "a stranger" else "0"]) as child:
        wait_until(lambda: leftover == "a stranger" or not command_of(child.pid), 5)
        with running(folder, durable=False):
            pass
        (folder / "postgres" / "data" / "postmaster.pid").write_text(f"{child.pid}\n{folder}/postgres/data\n")
        (folder / "redis" / "server.pid").write_text(f"{child.pid}\n")

        with running(folder, durable=False):
            assert postgres.is_answering(State.load(folder))

        assert leftover == "a zombie" or child.poll() is None
        child.kill()


def test_folder_that_initdb_left_half_done_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with running(tmp_path, durable=False):
        assert postgres.is_answering(State.load(tmp_path))


@pytest.mark.roadmap("languages/error-handling")
def test_data_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")

    with pytest.raises(ServerTrouble, match="made by PostgreSQL 17, this is 18"):
        up(tmp_path)

    assert (data / "PG_VERSION").exists()


@pytest.mark.roadmap("foundations/tcp-vs-udp")
def test_port_that_a_stranger_took_is_left_to_him(folder: Path) -> None:
    with running(folder, durable=False):
        taken = State.load(folder).postgres_port
    with socket.create_server(("127.0.0.1", taken)), running(folder, durable=False) as servers:
        assert f":{taken}/" not in servers.database_url


@pytest.mark.roadmap("languages/error-handling")
def test_restart_that_cannot_have_its_port_says_so(servers: Servers, folder: Path) -> None:
    stop_postgres(folder)

    stranger = socket.create_server(("127.0.0.1", State.load(folder).postgres_port))
    with stranger, pytest.raises(ServerTrouble, match="has been taken by another program"):
        start_postgres(folder)


@pytest.mark.roadmap("foundations/processes-and-threads")
def test_servers_started_by_hand_stay_until_they_are_stopped_by_hand(folder: Path) -> None:
    up(folder, durable=False, kept=True)

    with running(folder, durable=False):
        pass
    stayed = postgres.is_answering(State.load(folder))
    down(folder)

    assert stayed
    assert not postgres.is_answering(State.load(folder))
