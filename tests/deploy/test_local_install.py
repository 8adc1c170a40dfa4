"""What the demo installs is enough for what the demo runs, though every developer's machine holds more."""

import os
import subprocess
from pathlib import Path

import pytest

from deploy.local import install
from deploy.local.process import ROOT

OURS = ["accounts", "config", "orders", "shop"]
DEMOS = ["deploy.demo", "deploy.embedded", "deploy.local", "deploy.payment_provider"]
NOT_THE_DEMOS = {"config.settings.test", "config.settings.production", "deploy.local.protocol"}
IMPORT_ALL = f"""
import importlib, pkgutil
import django
django.setup()
from kombu.transport import redis
for part in {OURS + DEMOS}:
    for module in pkgutil.walk_packages(importlib.import_module(part).__path__, part + "."):
        if module.name not in {NOT_THE_DEMOS} and not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
            print(module.name)
"""


@pytest.mark.enable_socket
def test_demos_packages_are_enough_for_all_that_the_demo_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", tmp_path / "bin" / "python")
    install.make_venv()
    install.install("demo")

    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.base"}
    command = [tmp_path / "bin" / "python", "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert {"config.redis_broker", "orders.tasks", "deploy.demo.scenes"} <= set(done.stdout.split())


@pytest.mark.enable_socket
def test_dependency_that_was_just_written_down_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = (ROOT / "pyproject.toml").read_text().replace('"django>=', '"toolz>=1",\n    "django>=', 1)
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "requirements.lock").write_text((ROOT / "requirements.lock").read_text())
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "LOCK", tmp_path / "requirements.lock")

    install.lock([])

    locked = (tmp_path / "requirements.lock").read_text()
    assert "\ntoolz==" in locked
    assert "://" not in locked


@pytest.mark.parametrize("shelf", install.SHELVES)
def test_lock_knows_nothing_of_what_this_machine_keeps_besides(monkeypatch: pytest.MonkeyPatch, shelf: str) -> None:
    seen: list[dict[str, str]] = []
    monkeypatch.setenv(shelf, "/a/shelf/with/the/wheel/of/this/python")
    monkeypatch.setattr(install, "install_uv", lambda: None)
    monkeypatch.setattr(install, "run", lambda *command, environment: seen.append(environment))

    install.lock([])
    install.uv("pip", "install")

    assert [shelf in environment for environment in seen] == [False, True]


def test_link_to_somebody_elses_environment_is_replaced_and_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    (theirs / "kept").write_text("")
    ours.symlink_to(theirs)
    monkeypatch.setattr(install, "VENV", ours)

    install.make_venv()

    assert (theirs / "kept").exists()
    assert (ours / "bin" / "python").exists()
    assert not ours.is_symlink()
