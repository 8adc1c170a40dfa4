"""Files that only a server in a container would read: what it would refuse, or silently not do, is refused here."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.process import ROOT
from deploy.payment_provider import app

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BIN = Path(sys.executable).parent


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def broken(path: str, old: str, new: str) -> str:
    assert old in text(path)
    return text(path).replace(old, new, 1)


# ------------------------------------------------------------------------------------------------------------- Loki
def of_loki(said: str) -> Iterator[str]:
    """https://grafana.com/docs/loki/latest/configure/ says what needs what."""
    file = yaml.safe_load(said)
    known = {"auth_enabled", "server", "common", "schema_config", "limits_config", "compactor", "analytics"}
    yield from (f"{name}: no section that we know" for name in file.keys() - known)
    [schema] = file["schema_config"]["configs"]
    if file["limits_config"]["allow_structured_metadata"] and (schema["store"], schema["schema"]) != ("tsdb", "v13"):
        yield "ids beside lines need tsdb and v13"
    if file["limits_config"].get("retention_period") and not file["compactor"].get("retention_enabled"):
        yield "nobody deletes what is too old"
    if file["compactor"].get("retention_enabled") and "delete_request_store" not in file["compactor"]:
        yield "retention needs delete_request_store, or it does not start"
    if schema["index"]["period"] != "24h":
        yield "retention needs an index of 24 hours"
    mounted = [volume.split(":")[1] for volume in COMPOSE["services"]["loki"]["volumes"]]
    for folder in (file["common"]["path_prefix"], *file["common"]["storage"]["filesystem"].values()):
        if not any(f"{folder}/".startswith(f"{place}/") for place in mounted):
            yield f"{folder} is on no volume"
    asked = text("deploy/grafana/provisioning/datasources/loki.yml") + text("deploy/otel/collector.yml")
    if asked.count(f"http://loki:{file['server']['http_listen_port']}") != 2:
        yield "Grafana and the collector look for it elsewhere"


@pytest.mark.roadmap("observability/log-platforms")
def test_store_of_logs_keeps_what_it_is_sent_and_deletes_it_in_time() -> None:
    assert list(of_loki(text("deploy/loki/loki.yml"))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema: v13", "schema: v12", "ids beside lines"),
        ("store: tsdb", "store: boltdb-shipper", "ids beside lines"),
        ("retention_enabled: true", "retention_enabled: false", "nobody deletes"),
        ("  delete_request_store: filesystem\n", "", "delete_request_store"),
        ("period: 24h", "period: 168h", "24 hours"),
        ("/loki/chunks", "/tmp/chunks", "/tmp/chunks is on no volume"),
        ("http_listen_port: 3100", "http_listen_port: 3101", "elsewhere"),
        ("limits_config:", "limit_config: {}\nlimits_config:", "limit_config: no section"),
    ],
)
def test_store_of_logs_is_refused_when_broken(old: str, new: str, said: str) -> None:
    assert [fault for fault in of_loki(broken("deploy/loki/loki.yml", old, new)) if said in fault]


# --------------------------------------------------------------------------------------------------------- RabbitMQ
def of_rabbitmq(said: str) -> Iterator[str]:
    """https://www.rabbitmq.com/docs/configure: an unknown key, and the broker does not start."""
    limits = {}
    for line in said.splitlines():
        if line.strip() and not line.startswith("#"):
            found = re.fullmatch(r"(vm_memory_high_watermark|disk_free_limit)\.absolute = (\d+)MB", line)
            if found is None:
                yield f"{line}: no setting that we know"
            else:
                limits[found[1]] = int(found[2])
    memory = COMPOSE["services"]["rabbitmq"]["deploy"]["resources"]["limits"]["memory"]
    if limits.get("vm_memory_high_watermark", 10**9) > 0.75 * int(memory.removesuffix("M")):
        yield "its container is killed before it makes publishers wait"
    if limits.get("disk_free_limit", 0) < 200:
        yield "it fills the disk"


@pytest.mark.roadmap("messaging/rabbitmq")
def test_broker_makes_publishers_wait_before_its_container_is_full() -> None:
    assert list(of_rabbitmq(text("deploy/rabbitmq/limits.conf"))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("512MB", "700MB", "killed"),
        ("vm_memory_high_watermark.absolute", "vm_memory_high_watermark.relative", "no setting"),
        ("disk_free_limit.absolute = 256MB", "disk_free_limit.absolute = 25MB", "fills the disk"),
        ("disk_free_limit", "disc_free_limit", "no setting"),
    ],
)
def test_limits_of_the_broker_are_refused_when_broken(old: str, new: str, said: str) -> None:
    assert [fault for fault in of_rabbitmq(broken("deploy/rabbitmq/limits.conf", old, new)) if said in fault]


# ---------------------------------------------------------------------------------------------------------- Grafana
PROVISIONED = sorted((ROOT / "deploy/grafana/provisioning").glob("*/*.yml"))


def of_provisioning(said: str) -> Iterator[str]:
    """https://grafana.com/docs/grafana/latest/administration/provisioning/"""
    file = yaml.safe_load(said)
    if file.get("apiVersion") != 1 or not (file.get("datasources") or file.get("providers")):
        yield "Grafana provisions nothing from it"
    for source in file.get("datasources", []):
        if missing := {"name", "uid", "type", "url", "access"} - source.keys():
            yield f"a source lacks {', '.join(sorted(missing))}"
        if not re.fullmatch(rf"http://({'|'.join(COMPOSE['services'])}):\d+", source.get("url", "")):
            yield f"{source.get('url')} is no service"
        if source.get("editable") is not False:
            yield "it can be changed in a browser, and then says something else than this file"
    for provider in file.get("providers", []):
        mounted = "\n".join(COMPOSE["services"]["grafana"]["volumes"])
        if f":{provider['options']['path']}:ro" not in mounted:
            yield f"{provider['options']['path']} is not where the dashboards are"
        if provider.get("allowUiUpdates") is not False:
            yield "dashboards can be changed in a browser"
    if re.search(r"(?<!\$)\$\{", said):
        yield "Grafana would look for a variable of the environment"


@pytest.mark.roadmap("observability/prometheus-and-grafana")
@pytest.mark.parametrize("file", PROVISIONED, ids=lambda file: file.name)
def test_provisioning_is_sound(file: Path) -> None:
    assert list(of_provisioning(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("datasources/prometheus.yml", "http://prometheus:9090", "http://promtheus:9090", "is no service"),
        ("datasources/loki.yml", "uid: loki\n", "id: loki\n", "lacks uid"),
        ("datasources/loki.yml", "$${__value", "${__value", "variable of the environment"),
        ("datasources/jaeger.yml", "$${__trace", "${__trace", "variable of the environment"),
        ("datasources/jaeger.yml", "editable: false", "editable: true", "changed in a browser"),
        ("dashboards/shop.yml", "path: /var/lib/grafana/dashboards", "path: /dashboards", "not where"),
        ("dashboards/shop.yml", "allowUiUpdates: false", "allowUiUpdates: true", "changed in a browser"),
        ("dashboards/shop.yml", "apiVersion: 1", "apiVersion: 2", "provisions nothing"),
    ],
)
def test_provisioning_is_refused_when_broken(file: str, old: str, new: str, said: str) -> None:
    assert [
        fault for fault in of_provisioning(broken(f"deploy/grafana/provisioning/{file}", old, new)) if said in fault
    ]


# ------------------------------------------------------------------------------------------------ compose, installer
def of_override(said: str) -> Iterator[str]:
    services: dict[str, Any] = yaml.safe_load(said)["services"]
    for name, service in services.items():
        if name not in COMPOSE["services"]:
            yield f"{name} is no service: compose would start it without an image"
        for volume in service.get("volumes", []):
            source, _, goal = volume.partition(":")
            if not (ROOT / source).is_dir() or goal != f"/app/{source.removeprefix('./')}:ro":
                yield f"{volume} is not what the image has there"
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", [])):
            yield f"{name}: whoever reaches a debugger runs what he likes"
        if "command" in service and "health.main('web')" not in str(service.get("healthcheck")):
            yield f"{name}: is asked as if it were another process, and never healthy"
    if "debugpy" in said and services["keys"]["build"]["args"]["EXTRAS"] != "debug":
        yield "the image has no debugger"


def test_override_for_development_fits_the_file_that_it_is_laid_over() -> None:
    assert list(of_override(text("deploy/compose/development.yml"))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  worker: {", "  workers: {", "workers is no service"),
        ("./shop:/app/shop:ro", "./shop:/shop:ro", "not what the image has"),
        ('"127.0.0.1:5678:5678"', '"5678:5678"', "runs what he likes"),
        ("EXTRAS: debug", "EXTRAS: ''", "no debugger"),
        ("    healthcheck:", "    labels:", "never healthy"),
    ],
)
def test_override_for_development_is_refused_when_broken(old: str, new: str, said: str) -> None:
    assert [fault for fault in of_override(broken("deploy/compose/development.yml", old, new)) if said in fault]


def test_installer_without_a_hash_is_refused(tmp_path: Path) -> None:
    """By pip itself, before it asks anybody for a package."""
    broken_copy = tmp_path / "installer.txt"
    broken_copy.write_text(re.sub(r" \\\n\s+--hash=\S+", "", text("deploy/local/installer.txt")))
    asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--force-reinstall", "--no-index", "--require-hashes"]

    said = subprocess.run([*asked, "-r", broken_copy], capture_output=True, text=True)

    assert said.returncode != 0
    sound = r"(?:#.*\n)*uv==\S+(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(sound, text("deploy/local/installer.txt"))
    assert not re.fullmatch(sound, broken_copy.read_text())


def test_yaml_that_says_a_key_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twice.yml").write_text("a: 1\na: 2\n")
    command = [BIN / "yamllint", "--config-file", ROOT / "deploy/rules/yamllint.yml", tmp_path]

    assert subprocess.run(command, capture_output=True).returncode == 1


# --------------------------------------------------------------------------------------------------------- provider
def of_provider(said: str) -> Iterator[str]:
    """Names of variables, and addresses under which something answers."""
    named = set(re.findall(r"`((?:PROVIDER|WEBHOOK|OTEL|LOG)_[A-Z_]+)`", said))
    read = set(re.findall(r"^    ([A-Z_]{5,}) ", app.__doc__ or "", re.MULTILINE))
    yield from (f"{name}: nobody reads it" for name in named - read)
    yield from (f"{name}: is not told" for name in read - named - {"WEBHOOK_AUTHORITY"})
    known = {re.sub(r"{\w+}", "{}", path) for path in app.create_app({}).openapi()["paths"]}
    for path in re.findall(r"127\.0\.0\.1:8400(/[\w/.]+)", said):
        if re.sub(r"/(pi|re)_[\w.]+", "/{}", path) not in known:
            yield f"{path}: nothing answers"


def test_page_about_the_provider_names_what_there_is() -> None:
    said = text("deploy/payment_provider/README.md")

    assert list(of_provider(said)) == []
    assert list(of_provider(said.replace("`PROVIDER_SEED`", "`PROVIDER_SEEDS`")))
    assert list(of_provider(said.replace("/v1/refunds", "/v1/refund", 1)))
