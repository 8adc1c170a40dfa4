"""docker-compose.yml: what it promises of every service, each promise seen to be broken; the keys; the processes."""

import re
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from honcho.environ import parse_procfile

from config import env
from deploy.image import certificates, keys
from deploy.local.process import ROOT
from deploy.local.stack import EVERYTHING

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
LINES = parse_procfile((ROOT / "Procfile").read_text()).processes
#: Their images have no shell and no client to ask with.
UNASKED = {"collector", "jaeger", "loki", "grafana", "locust"}
STORES = ("postgres", "redis", "rabbitmq")
OF_THE_PROVIDER = {"PROVIDER_API_KEY", "WEBHOOK_URL", "WEBHOOK_SECRET", "WEBHOOK_AUTHORITY"}

pytestmark = pytest.mark.roadmap("deployment/docker-compose")

Services = dict[str, Any]
Rule = Callable[[Services], Iterator[str]]


def is_ours(service: Any) -> bool:
    return bool(service["image"] == "roadmap-shop")


def ends(service: Any) -> bool:
    return bool(service.get("restart", "no") == "no")


def unhealthy(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if not (ends(service) or name in UNASKED or is_ours(service) or "test" in service.get("healthcheck", {})):
            yield f"{name}: nobody asks whether it works"


def unlimited(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if set(service.get("deploy", {}).get("resources", {}).get("limits", {})) != {"cpus", "memory"}:
            yield f"{name}: may take all of the machine"


def unlocked(services: Services) -> Iterator[str]:
    for name, service in services.items():
        wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "init": True}
        for key, value in wanted.items():
            if service.get(key) != value:
                yield f"{name}: {key} is not {value}"
        if "cap_add" in service and name != "keys":
            yield f"{name}: has capabilities"


def unwaiting(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if ends(services[needed]) else "service_healthy"
            if how["condition"] != wanted:
                yield f"{name}: must wait until {needed} is {wanted}"
        if is_ours(service) and name != "keys" and "keys" not in closure(services, name):
            yield f"{name}: may start before its keys are made and its image is built"


def closure(services: Services, name: str) -> set[str]:
    needed = set(services[name].get("depends_on", {}))
    return needed.union(*(closure(services, other) for other in needed))


def exposed(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for port in service.get("ports", []):
            if name != "nginx" and not port.startswith("127.0.0.1:"):
                yield f"{name}: its port is open to the network"
        if name in STORES and (service.get("ports") or service["networks"] != ["data"]):
            yield f"{name}: can be reached by more than the shop"
        if name == "nginx" and "data" in service["networks"]:
            yield "nginx: reaches the database"


def secrets_in_plain(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for variable in service.get("environment", {}):
            known = env.VARIABLES.get(variable)
            is_told = variable == "EMAIL_URL" or str(service["environment"][variable]).startswith("${")
            if not is_told and ((known and known.is_secret) or variable.endswith("PASSWORD")):
                yield f"{name}: {variable} stands in the file; give {variable}_FILE"


def unknown_variables(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for variable in service.get("environment", {}) if is_ours(service) else ():
            stem = variable.removesuffix("_FILE")
            if stem not in env.VARIABLES and stem not in OF_THE_PROVIDER and not stem.startswith("OTEL_"):
                yield f"{name}: nobody reads {variable}"


def unmade_keys(services: Services) -> Iterator[str]:
    made = set(keys.shares(dict.fromkeys(keys.SECRETS, "")))
    made |= {"nginx/certificate.pem", "shop/grpc_certificate", "shop/grpc_private_key", "provider/authority.pem"}
    for name, service in services.items():
        mounted = dict(re.findall(r"^keys-(\w+):(/run/\w+):ro$", "\n".join(service.get("volumes", [])), re.MULTILINE))
        folders = {folder: reader for reader, folder in mounted.items()}
        words = [*map(str, service.get("environment", {}).values()), *map(str, service.get("command", []))]
        for folder, file in re.findall(r"(/run/(?:keys|owner))/([\w.]+)", " ".join(words)):
            if f"{folders.get(folder)}/{file}" not in made:
                yield f"{name}: nobody makes {folder}/{file} for it"


def missing_files(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./") and "observability" not in service.get("profiles", []):
                if not (ROOT / source).exists():
                    yield f"{name}: {source} does not exist"
                elif not volume.endswith(":ro"):
                    yield f"{name}: may write to {source}"


def strange_commands(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if is_ours(service) and not ends(service) and service["command"] not in [[line] for line in LINES]:
            yield f"{name}: is no process of the Procfile"


RULES: tuple[Rule, ...] = (
    unhealthy,
    unlimited,
    unlocked,
    unwaiting,
    exposed,
    secrets_in_plain,
    unknown_variables,
    unmade_keys,
    missing_files,
    strange_commands,
)
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
}


def faults(services: Services) -> list[str]:
    return [fault for rule in RULES for fault in rule(services)]


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
    said = subprocess.run([ROOT / "deploy/nginx/welcome.sh"], capture_output=True, text=True).stdout
    told = {int(port) for port in re.findall(r"localhost:(\d+)", said)}
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]

    assert told | {8080} == {int(port.split(":")[-2]) for port in published}


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

    assert {volume for volume in volumes if not volume.startswith("./")} == set(COMPOSE["volumes"])
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
