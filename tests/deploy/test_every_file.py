"""Every file under deploy/ is read by a check that was seen to refuse a broken copy; a new one without is found."""

import ast
import subprocess
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

import pytest

from deploy.local.check import STEPS
from deploy.local.process import ROOT
from deploy.pipeline.stages import stages

#: Which files, and by what: a step of `make check`, or a test that has the file and a copy that it must refuse.
#: The first pattern that fits counts.
CHECKS: dict[str, str] = {
    "alertmanager/*": "test_prometheus.py::test_alertmanager_takes_its_configuration_and_refuses_a_broken_one",
    "audit/*.sql": "config/test_audit.py::test_violation_of_a_paid_order_is_found",
    "bench/floor.sql": "test_bench.py::test_both_sides_sell_and_the_ratio_is_held_against_the_bar",
    "bench/statements.sql": "test_bench.py::test_both_sides_sell_and_the_ratio_is_held_against_the_bar",
    "clients/.npmrc": "test_clients.py::test_lock_file_pins_every_package_by_its_hash_and_names_no_registry",
    "clients/package*.json": "test_clients.py::test_lock_file_pins_every_package_by_its_hash_and_names_no_registry",
    "clients/*.ts": "test_clients.py::test_every_mistake_of_a_client_is_an_error_of_the_compiler",
    "clients/tsconfig.json": "test_clients.py::test_every_mistake_of_a_client_is_an_error_of_the_compiler",
    "clients/python_client.yaml": "test_clients.py::test_python_client_buys",
    "compose/*.sh": "test_compose.py::test_purchase_of_ci_is_a_sound_script_and_a_broken_copy_is_not",
    "compose/*.yml": "test_neighbours_files.py::test_override_for_development_is_refused_when_broken",
    "grafana/dashboards/*.json": "test_prometheus.py::test_name_that_nobody_shows_is_found_in_each_file",
    "grafana/provisioning/*.yml": "test_neighbours_files.py::test_provisioning_is_refused_when_broken",
    "load/*.py": "test_crowd.py::test_task_that_asks_for_what_is_not_there_fails",
    "local/installer.txt": "test_neighbours_files.py::test_installer_without_a_hash_is_refused",
    "loki/*.yml": "test_neighbours_files.py::test_store_of_logs_is_refused_when_broken",
    "nginx/headers.conf": "test_nginx_refusals.py::test_header_that_nginx_forgets_is_found",
    "nginx/problems.conf": "test_nginx_refusals.py::test_status_that_nobody_put_into_words_is_found",
    "nginx/*.conf": "test_nginx.py::test_nginx_itself_refuses_a_broken_copy",
    "nginx/*.sh": "test_compose.py::test_pages_to_click_are_those_that_are_published",
    "otel/*.yml": "test_collector.py::test_broken_shipper_is_refused",
    "payment_provider/README.md": "test_neighbours_files.py::test_page_about_the_provider_names_what_there_is",
    "postgres/*": "test_postgres_roles.py::test_writer_is_refused",
    "prometheus/prometheus.yml": "test_prometheus.py::test_prometheus_takes_its_configuration_and_refuses_a_broken_one",
    "prometheus/rules/*.yml": "test_prometheus.py::test_name_that_nobody_shows_is_found_in_each_file",
    "prometheus/tests/*.yml": "test_prometheus.py::test_replay_fails_with_other_rules",
    "rabbitmq/*.conf": "test_neighbours_files.py::test_limits_of_the_broker_are_refused_when_broken",
    "rules/examples/*.yml": "test_scans.py::test_every_rule_finds_its_bad_examples_and_leaves_the_good_ones",
    "rules/rules/*.yml": "test_scans.py::test_every_rule_finds_its_bad_examples_and_leaves_the_good_ones",
    "rules/sgconfig.yml": "test_scans.py::test_rule_about_owners_looks_at_views_alone",
    "rules/yamllint.yml": "test_neighbours_files.py::test_yaml_that_says_a_key_twice_is_refused",
    "*.py": "make check: types",
}

pytestmark = pytest.mark.roadmap("testing/test-automation-in-ci")


def files() -> list[str]:
    """Those of the repository, and those that are about to be."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def faults(names: Sequence[str], checks: dict[str, str]) -> Iterator[str]:
    used = set()
    for name in names:
        fitting = [pattern for pattern in checks if fnmatch(name, f"deploy/{pattern}")]
        used |= set(fitting[:1])
        if not fitting:
            yield f"{name}: nothing reads it; write a check, see it refuse a broken copy, and name it in CHECKS"
    yield from (f"{pattern}: fits no file" for pattern in checks.keys() - used)
    for pattern, check in checks.items():
        if not exists(check):
            yield f"{pattern}: there is no {check}"


def exists(check: str) -> bool:
    if check.startswith("make check: "):
        return check.removeprefix("make check: ") in STEPS
    place, _, test = check.partition("::")
    file = ROOT / "tests" / (place if "/" in place else f"deploy/{place}")
    defined = ast.walk(ast.parse(file.read_text())) if file.exists() else ()
    return any(isinstance(node, ast.FunctionDef) and node.name == test for node in defined)


def test_every_file_has_a_check() -> None:
    assert list(faults(files(), CHECKS)) == []


@pytest.mark.parametrize(
    ("names", "checks", "said"),
    [
        (["deploy/kafka/broker.properties"], {}, "deploy/kafka/broker.properties: nothing reads it"),
        ([], {"kafka/*": "make check: types"}, "kafka/*: fits no file"),
        (["deploy/a.py"], {"*.py": "make check: typos"}, "*.py: there is no make check: typos"),
        (["deploy/a.py"], {"*.py": "test_scans.py::test_nothing"}, "*.py: there is no test_scans.py::test_nothing"),
        (["deploy/a.py"], {"*.py": "test_nothing.py::test_nothing"}, "*.py: there is no test_nothing.py::test_nothing"),
    ],
)
def test_file_without_a_check_and_check_without_a_file_are_found(
    names: list[str], checks: dict[str, str], said: str
) -> None:
    assert [fault for fault in faults(names, checks) if fault.startswith(said)]


def test_every_step_that_is_named_here_is_a_stage_of_the_pipeline() -> None:
    run = {word for stage in stages() for command in stage.commands for word in command}

    assert {check.removeprefix("make check: ") for check in CHECKS.values() if check.startswith("make")} <= run
