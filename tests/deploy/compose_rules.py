"""What docker-compose.yml promises of every service, one rule each; `test_compose.py` sees each of them broken."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from honcho.environ import parse_procfile

from config import env
from deploy.image import keys
from deploy.local.process import ROOT

LINES = parse_procfile((ROOT / "Procfile").read_text()).processes
STORES = ("postgres", "redis", "rabbitmq")
#: Why each of them is root: to hand keys out, to fill an empty volume, to read what Docker keeps for root.
ROOT_FOR = {"keys", "asker", "shipper"}
#: The one folder of the machine itself that anybody sees.
OF_THE_MACHINE = {"shipper": {"/var/lib/docker/containers"}}
OF_THE_PROVIDER = {"PROVIDER_API_KEY", "WEBHOOK_URL", "WEBHOOK_SECRET", "WEBHOOK_AUTHORITY"}

Services = dict[str, Any]
Rule = Callable[[Services], Iterator[str]]


def is_ours(service: Any) -> bool:
    return bool(service["image"] == "roadmap-shop")


def ends(service: Any) -> bool:
    return bool(service.get("restart", "no") == "no")


def unhealthy(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if not (ends(service) or is_ours(service) or "test" in service.get("healthcheck", {})):
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
    made |= {f"alertmanager/{name}" for name in keys.ADDRESSES}
    made |= {"nginx/certificate.pem", "shop/grpc_certificate", "shop/grpc_private_key", "provider/authority.pem"}
    for name, service in services.items():
        mounted = dict(re.findall(r"^keys-(\w+):(/run/\w+):ro$", "\n".join(service.get("volumes", [])), re.MULTILINE))
        folders = {folder: reader for reader, folder in mounted.items()}
        words = [*map(str, service.get("environment", {}).values()), *map(str, service.get("command", []))]
        words += [text for text in (text_of(volume) for volume in service.get("volumes", [])) if text]
        for folder, file in re.findall(r"(/run/(?:keys|owner))/([\w.]+)", " ".join(words)):
            if f"{folders.get(folder)}/{file}" not in made:
                yield f"{name}: nobody makes {folder}/{file} for it"


def text_of(volume: str) -> str:
    """What a configuration names that is mounted; our files alone, so that a broken copy has none."""
    source = ROOT / volume.partition(":")[0]
    return source.read_text() if source.is_file() and source.suffix in {".yml", ".conf"} else ""


def missing_files(services: Services) -> Iterator[str]:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./") and not (ROOT / source).exists():
                yield f"{name}: {source} does not exist"
            if source.startswith("/") and source not in OF_THE_MACHINE.get(name, ()):
                yield f"{name}: sees {source} of the machine"
            if source.startswith((".", "/")) and not volume.endswith(":ro"):
                yield f"{name}: may write to {source}"
            if "docker.sock" in volume:
                yield f"{name}: is root on the machine by Docker's socket"


def roots(services: Services) -> Iterator[str]:
    for name, service in services.items():
        user = str(service.get("user", "10001" if is_ours(service) else ""))
        if not user and not ends(service):
            yield f"{name}: does not say who it is"
        if user.startswith(("0", "root")) and name not in ROOT_FOR:
            yield f"{name}: is root"
        if name in ROOT_FOR and service.get("ports"):
            yield f"{name}: is root and can be reached"


def untold(services: Services) -> Iterator[str]:
    """Who starts without being asked for must be known; what is looked at only at times stands in a profile."""
    for name, service in services.items():
        if service.get("profiles", []) not in ([], ["observability"], ["load"]):
            yield f"{name}: no such profile"
        for needed in service.get("depends_on", {}):
            if services[needed].get("profiles", service.get("profiles")) != service.get("profiles"):
                yield f"{name}: needs {needed}, which is not started with it"


def unpinned(services: Services) -> Iterator[str]:
    for name, service in services.items():
        if not is_ours(service) and not re.search(r":v?\d[\w.-]*$", service["image"]):
            yield f"{name}: may be another program tomorrow"


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
    roots,
    untold,
    unpinned,
    strange_commands,
)


def faults(services: Services) -> list[str]:
    return [fault for rule in RULES for fault in rule(services)]
