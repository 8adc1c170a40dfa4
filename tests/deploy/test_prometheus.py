"""Rules, dashboards and configuration fit the shop, and each check was seen to fail on a broken copy."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.image import keys
from deploy.prometheus.names import alerts, faults, names_in, panels

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
REPLAYS = sorted((ROOT / "deploy/prometheus/tests").glob("*.yml"))
BOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def promtool(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What is checked, to be broken."""
    for part in ("docs/metrics.md", "docs/runbooks", "deploy/prometheus", "deploy/grafana"):
        source, goal = ROOT / part, tmp_path / part
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, goal) if source.is_dir() else shutil.copy(source, goal)
    return tmp_path


def broken(copy: Path, file: Path, old: str, new: str) -> Path:
    path = copy / file.relative_to(ROOT)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.roadmap(
    "observability/alerting", "observability/prometheus-and-grafana", "observability/incident-response"
)
def test_rules_and_dashboards_name_what_the_shop_shows() -> None:
    assert list(faults()) == []


@pytest.mark.roadmap("observability/prometheus-and-grafana")
@pytest.mark.parametrize("file", [*RULES, *BOARDS], ids=lambda file: file.name)
def test_name_that_nobody_shows_is_found_in_each_file(copy: Path, file: Path) -> None:
    name = next(name for name in re.findall(r"shop_\w+", file.read_text("utf-8")))
    broken(copy, file, name, "shop_renamed_total")

    assert [fault for fault in faults(copy) if "shop_renamed_total" in fault]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('lane!="webhook"', 'line!="webhook"', "has no label line"),
        ("max by (queue) (shop_queue_messages)", "max by (queues) (shop_queue_messages)", "has the label queues"),
        ("severity: page", "severity: loud", "severity must be one of page, ticket"),
        ("        for: 2m\n", "", "no duration"),
        ("docs/runbooks/outbox.md", "docs/runbooks/inbox.md", "'docs/runbooks/inbox.md' does not exist"),
        ("alert: DeadLetters", "alert: LettersDead", "docs/runbooks/dead-letters.md does not mention it"),
        ("          summary:", "          title:", "no summary"),
    ],
)
def test_alert_that_lacks_something_is_found(copy: Path, old: str, new: str, said: str) -> None:
    broken(copy, ROOT / "deploy/prometheus/rules/alerts.yml", old, new)

    assert [fault for fault in faults(copy) if said in fault]


def test_names_are_told_from_functions_labels_and_texts() -> None:
    promql = 'sum by (route) (rate(shop_a_total{b="c_d"}[5m])) / on (x) group_left (y) up offset 1h > 0.5 or vector(0)'

    assert names_in(promql) == {"shop_a_total", "up"}


@needs_promtool
@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_prometheus_takes_its_configuration_and_refuses_a_broken_one(tmp_path: Path) -> None:
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8")
    mounted = text.replace("/etc/prometheus/rules", str(ROOT / "deploy/prometheus/rules"))
    (tmp_path / "good.yml").write_text(mounted)
    (tmp_path / "bad.yml").write_text(mounted.replace("scrape_timeout: 5s", "scrape_timeout: 60s"))

    assert promtool("check", "config", tmp_path / "good.yml")[0] == 0
    assert promtool("check", "config", tmp_path / "bad.yml")[0] == 1


@needs_promtool
@pytest.mark.roadmap("observability/alerting", "observability/sre-and-slo", "messaging/queue-monitoring")
@pytest.mark.parametrize("file", REPLAYS, ids=lambda file: file.name)
def test_replayed_series_set_off_what_they_must_and_nothing_else(file: Path) -> None:
    code, said = promtool("test", "rules", file)

    assert code == 0, said


@needs_promtool
@pytest.mark.parametrize("file", REPLAYS, ids=lambda file: file.name)
def test_replay_fails_with_other_rules(copy: Path, file: Path) -> None:
    rules = copy / "deploy/prometheus/rules/alerts.yml"
    rules.write_text(re.sub(r"(?m)^        for: \w+$", "        for: 20h", rules.read_text("utf-8")))

    assert promtool("test", "rules", copy / file.relative_to(ROOT))[0] == 1


@needs_promtool
@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_rules_are_grammar(copy: Path, file: Path) -> None:
    assert promtool("check", "rules", file)[0] == 0
    assert promtool("check", "rules", broken(copy, file, "sum(", "sum(("))[0] == 1


@needs_promtool
@pytest.mark.roadmap("observability/prometheus-and-grafana")
def test_what_every_panel_asks_is_promql(tmp_path: Path) -> None:
    asked = [{"record": f"panel:{number}", "expr": panel.text} for number, panel in enumerate(panels(ROOT))]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))

    code, said = promtool("check", "rules", "--lint=none", file)

    assert len(asked) > 60
    assert code == 0, said


@pytest.mark.roadmap("observability/prometheus-and-grafana")
@pytest.mark.parametrize("file", BOARDS, ids=lambda file: file.name)
def test_dashboard_asks_the_source_that_is_provisioned(file: Path) -> None:
    sources = read("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    board = json.loads(file.read_text("utf-8"))

    used = {target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]}

    assert used == {source["uid"] for source in sources}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_dashboards_have_names_of_their_own_and_are_looked_for_where_they_are_mounted() -> None:
    boards = [json.loads(file.read_text("utf-8")) for file in BOARDS]
    provider = read("deploy/grafana/provisioning/dashboards/shop.yml")["providers"][0]

    assert len({board["uid"] for board in boards}) == len(boards) == 3
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


@pytest.mark.roadmap("observability/alerting")
def test_every_alert_has_an_addressee_and_no_secret_stands_in_the_file() -> None:
    manager = read("deploy/alertmanager/alertmanager.yml")
    receivers = {receiver["name"]: receiver for receiver in manager["receivers"]}

    asked = {manager["route"]["receiver"], *(route["receiver"] for route in manager["route"]["routes"])}

    assert asked == set(receivers)
    for receiver in receivers.values():
        assert all(set(hook) == {"url_file", "send_resolved"} for hook in receiver["webhook_configs"])
        assert [letter["send_resolved"] for letter in receiver["email_configs"]] == [True]


@pytest.mark.roadmap("observability/alerting")
def test_addresses_of_the_alerts_are_files_that_are_made_for_their_reader_and_lead_somewhere(tmp_path: Path) -> None:
    manager = read("deploy/alertmanager/alertmanager.yml")
    asked = {Path(hook["url_file"]).name for each in manager["receivers"] for hook in each["webhook_configs"]}
    services = read("docker-compose.yml")["services"]

    keys.main(tmp_path)
    (tmp_path / "alertmanager/pager_url").chmod(0o600)
    (tmp_path / "alertmanager/pager_url").write_text("https://pager.example/secret")
    keys.main(tmp_path)

    assert {file.name for file in tmp_path.glob("alertmanager/*")} == asked
    assert (tmp_path / "alertmanager/pager_url").read_text() == "https://pager.example/secret"
    assert urlsplit((tmp_path / "alertmanager/tickets_url").read_text()).hostname in services
    assert manager["global"]["smtp_smarthost"].partition(":")[0] in services


@pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not installed")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("receiver: pager", "receiver: nobody"),
        ('severity="page"', 'severity=="page"'),
        ("repeat_interval: 1h", "repeat_interval: often"),
        ("webhook_configs:", "webhook_config:"),
    ],
)
def test_alertmanager_takes_its_configuration_and_refuses_a_broken_one(tmp_path: Path, old: str, new: str) -> None:
    said = subprocess.run(["amtool", "--version"], capture_output=True, text=True)
    text = (ROOT / "deploy/alertmanager/alertmanager.yml").read_text("utf-8")
    if "version 0.25" in said.stdout + said.stderr:  # Debian 12's; addresses in files came with 0.26
        text = re.sub(r"url_file: .*", "url: http://pager.example/", text)
    assert old in text
    (tmp_path / "good.yml").write_text(text)
    (tmp_path / "bad.yml").write_text(text.replace(old, new))

    good, bad = (
        subprocess.run(["amtool", "check-config", tmp_path / file], capture_output=True)
        for file in ("good.yml", "bad.yml")
    )

    assert (good.returncode, bad.returncode) == (0, 1), good.stderr


@pytest.mark.roadmap("observability/prometheus-and-grafana", "observability/correlation-ids")
def test_log_line_leads_to_its_trace_and_a_span_to_its_lines() -> None:
    files = sorted((ROOT / "deploy/grafana/provisioning/datasources").glob("*.yml"))
    sources = {
        source["uid"]: source for file in files for source in yaml.safe_load(file.read_text("utf-8"))["datasources"]
    }
    services = read("docker-compose.yml")["services"]

    [to_trace] = sources["loki"]["jsonData"]["derivedFields"]
    to_lines = sources["jaeger"]["jsonData"]["tracesToLogsV2"]

    assert (to_trace["datasourceUid"], to_trace["matcherRegex"]) == ("jaeger", "trace_id")
    assert to_lines["datasourceUid"] == "loki"
    assert 'trace_id="$${__trace.traceId}"' in to_lines["query"]
    assert {urlsplit(source["url"]).hostname for source in sources.values()} <= set(services)
    assert [uid for uid, source in sources.items() if source.get("isDefault")] == ["prometheus"]


def test_prometheus_asks_everybody_whom_compose_starts_to_watch() -> None:
    services = read("docker-compose.yml")["services"]
    configuration = read("deploy/prometheus/prometheus.yml")
    static = [job.get("static_configs", []) for job in configuration["scrape_configs"]]
    asked = {target.partition(":")[0] for job in static for one in job for target in one["targets"]} - {"127.0.0.1"}
    told = {name for dns in configuration["alerting"]["alertmanagers"] for name in dns["dns_sd_configs"][0]["names"]}

    watching = {name for name, service in services.items() if service.get("profiles") == ["observability"]}

    assert asked == watching - {"prometheus", "shipper", "asker"}
    assert told <= watching
    assert f":{read('deploy/otel/collector.yml')['exporters']['prometheus']['endpoint'].rpartition(':')[2]}" in "".join(
        target for job in static for one in job for target in one["targets"] if target.startswith("collector")
    )


def test_alert_that_keeps_others_quiet_exists() -> None:
    names = {rule["alert"] for _, rule in alerts(ROOT)}

    for rule in read("deploy/alertmanager/alertmanager.yml")["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            wanted = re.findall(r'"([^"]+)"', matcher)[0]
            assert any(re.fullmatch(wanted, name) for name in names), matcher
            assert all(any(re.fullmatch(one, name) for name in names) for one in wanted.split("|")), matcher


def test_processes_that_alerts_speak_of_are_asked() -> None:
    jobs = {job["job_name"]: job for job in read("deploy/prometheus/prometheus.yml")["scrape_configs"]}
    asked = {name for job in jobs.values() for dns in job.get("dns_sd_configs", []) for name in dns["names"]}
    spoken = re.findall(r'process="(\w+)"', (ROOT / "deploy/prometheus/rules/alerts.yml").read_text("utf-8"))

    assert asked == {"web", "worker", "mail", "webhooks", "relay", "grpc"}
    assert set(spoken) <= asked
    assert {"web", "backstage"} <= set(jobs)
