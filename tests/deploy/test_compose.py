"""docker-compose.yml: what it promises of every service, each promise seen to be broken; the keys; the processes."""

import re
import ssl
import stat
import subprocess
import sys
from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.image import certificates, keys
from deploy.local.process import ROOT
from deploy.local.stack import EVERYTHING
from tests.deploy.compose_rules import LINES, faults, is_ours

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
pytestmark = pytest.mark.roadmap("deployment/docker-compose")

BROKEN: dict[str, tuple[str, str, Any]] = {
    "no health check": ("redis", "healthcheck", {}),
    "no limits": ("web", "deploy", {"replicas": 2}),
    "may write": ("nginx", "read_only", False),
    "capabilities": ("worker", "cap_add", ["SYS_ADMIN"]),
    "no condition": ("web", "depends_on", {"seed": {"condition": "service_started"}}),
    "before the keys": ("beat", "depends_on", {}),
    "database for everybody": ("postgres", "ports", ["5432:5432"]),
    "door to the database": ("nginx", "networks", ["front", "inner", "data"]),
    "page for everybody": ("mailpit", "ports", ["8025:8025"]),
    "secret in plain": ("web", "environment", {"SECRET_KEY": "abc"}),
    "misspelt variable": ("web", "environment", {"SITE_ULR": "abc"}),
    "key of nobody": ("worker", "environment", {"REDIS_URL_FILE": "/run/keys/redis"}),
    "file of nobody": ("nginx", "volumes", ["./deploy/nginx/nginks.conf:/etc/nginx/nginx.conf:ro"]),
    "no such process": ("relay", "command", ["relais"]),
    **{
        f"nobody asks {name}": (name, "healthcheck", {})
        for name in ("collector", "shipper", "jaeger", "prometheus", "alertmanager", "loki", "grafana")
    },
    **{
        f"no limits for {name}": (name, "deploy", {})
        for name in ("asker", "collector", "shipper", "jaeger", "prometheus", "alertmanager", "loki", "grafana")
    },
    "address of nobody": (
        "alertmanager",
        "volumes",
        ["./deploy/alertmanager/alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro"],
    ),
    "root": ("grafana", "user", "0:0"),
    "anybody": ("loki", "user", ""),
    "root with a door": ("shipper", "ports", ["127.0.0.1:13133:13133"]),
    "Docker's socket": ("shipper", "volumes", ["/var/run/docker.sock:/var/run/docker.sock:ro"]),
    "all of the machine": ("shipper", "volumes", ["/:/host:ro"]),
    "writes to the machine": ("shipper", "volumes", ["/var/lib/docker/containers:/var/lib/docker/containers"]),
    "configuration of nobody": ("collector", "volumes", ["./deploy/otel/collection.yml:/etc/otel/collector.yml:ro"]),
    "needs who is not there": ("collector", "depends_on", {"locust": {"condition": "service_healthy"}}),
    "profile of nobody": ("loki", "profiles", ["observabilty"]),
    "whatever is newest": ("grafana", "image", "grafana/grafana:latest"),
    "no tag": ("jaeger", "image", "jaegertracing/jaeger"),
}


def test_compose_file_keeps_its_rules() -> None:
    assert faults(COMPOSE["services"]) == []


@pytest.mark.parametrize(("service", "key", "value"), BROKEN.values(), ids=BROKEN)
def test_each_rule_is_seen_to_be_broken(service: str, key: str, value: Any) -> None:
    broken = deepcopy(COMPOSE["services"])
    broken[service][key] = value

    assert any(fault.startswith(f"{service}:") for fault in faults(broken))


def is_valid(file: Path) -> bool:
    checker = str(Path(sys.executable).parent / "check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_compose_file_follows_the_schema_and_a_broken_copy_does_not(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(FILE.read_text().replace("depends_on:", "depend_on:", 1))

    assert is_valid(FILE)
    assert is_valid(ROOT / "deploy/compose/development.yml")
    assert not is_valid(broken)


def test_pages_to_click_are_those_that_are_published() -> None:
    plain, watched = welcome().split("With --profile observability:")
    published = defaultdict[str, set[int]](set)
    for service in COMPOSE["services"].values():
        ports = {int(port.split(":")[-2]) for port in service.get("ports", [])}
        published["".join(service.get("profiles", []))] |= ports

    assert ports_in(plain) | {8080} == published[""]
    assert ports_in(watched) == published["observability"]


def test_whoever_watches_has_a_page_or_is_shown_on_one_that_is_told() -> None:
    watching = {name for name, service in COMPOSE["services"].items() if service.get("profiles") == ["observability"]}

    with_page = {name for name in watching if COMPOSE["services"][name].get("ports")}

    assert with_page == {"grafana", "prometheus", "alertmanager", "jaeger"}
    told = welcome().lower()
    assert [name for name in with_page | {"loki"} if name not in told] == []
    assert watching - with_page == {"asker", "collector", "shipper", "loki"}  # of these three nobody sees anything


def welcome() -> str:
    return subprocess.run([ROOT / "deploy/nginx/welcome.sh"], capture_output=True, text=True).stdout


def ports_in(said: str) -> set[int]:
    return {int(port) for port in re.findall(r"localhost:(\d+)", said)}


def test_purchase_of_ci_is_a_sound_script_and_a_broken_copy_is_not() -> None:
    checker = str(Path(sys.executable).parent / "shellcheck")
    script = (ROOT / "deploy/compose/buy.sh").read_text()

    sound, broken = (
        subprocess.run([checker, "-"], input=text, capture_output=True, text=True)
        for text in (script, script.replace('"$authority"', "$authority"))
    )

    assert sound.returncode == 0, sound.stdout
    assert "SC2086" in broken.stdout


def test_containers_are_the_processes_that_run_without_any() -> None:
    started = {service["command"][0] for service in COMPOSE["services"].values() if is_ours(service)}

    assert started - {"python", "cp"} == set(EVERYTHING) == set(LINES)


def test_nginx_gives_an_idle_connection_up_before_granian_does() -> None:
    kept = re.search(r"keepalive_timeout (\d+)s;", (ROOT / "deploy/nginx/upstream.conf").read_text())
    closed = re.search(r"--http1-header-read-timeout (\d+)", LINES["web"])

    assert kept
    assert int(kept[1]) * 1000 < int(closed[1] if closed else 30_000) / 1.5


def test_volumes_and_networks_are_those_that_are_declared() -> None:
    services = COMPOSE["services"].values()
    volumes = {volume.partition(":")[0] for service in services for volume in service.get("volumes", [])}
    networks = {network for service in services for network in service.get("networks", [])}

    assert {volume for volume in volumes if not volume.startswith((".", "/"))} == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])
    assert COMPOSE["networks"]["data"] == {"internal": True}


@pytest.mark.roadmap("deployment/tls-termination")
def test_keys_are_made_once_each_for_its_reader_alone(tmp_path: Path) -> None:
    keys.main(tmp_path)
    first = {file: file.read_bytes() for file in tmp_path.glob("*/*")}

    keys.main(tmp_path)

    assert {file: file.read_bytes() for file in tmp_path.glob("*/*")} == first
    assert {file.parent.name for file in first} == set(keys.READERS)
    assert {stat.S_IMODE(file.stat().st_mode) for file in first} == {0o400}
    assert (tmp_path / "owner/database_url").read_text() != (tmp_path / "shop/database_url").read_text()


def test_two_shops_have_no_key_in_common(tmp_path: Path) -> None:
    keys.main(tmp_path / "one")
    keys.main(tmp_path / "two")

    ones, twos = ({file.read_bytes() for file in (tmp_path / shop).glob("known/*")} for shop in ("one", "two"))
    assert len(ones) == len(keys.SECRETS)
    assert not ones & twos


def test_folder_that_was_lost_is_filled_as_it_was(tmp_path: Path) -> None:
    keys.main(tmp_path)
    before = (tmp_path / "shop/redis_url").read_text()
    (tmp_path / "shop/redis_url").unlink()

    keys.main(tmp_path)

    assert (tmp_path / "shop/redis_url").read_text() == before


@pytest.mark.roadmap("deployment/tls-termination")
def test_certificate_that_ends_soon_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.main(tmp_path)
    before = (tmp_path / "nginx/certificate.pem").read_text()
    monkeypatch.setattr(certificates, "RENEW_BEFORE", certificates.LIFE)

    keys.main(tmp_path)

    after = (tmp_path / "nginx/certificate.pem").read_text()
    assert after != before
    assert after == (tmp_path / "shop/grpc_certificate").read_text()
    ssl.create_default_context(cafile=str(tmp_path / "provider/authority.pem"))
