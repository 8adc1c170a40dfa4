"""What waits inside gives up first: the order of all time-outs, read from the settings that are in force."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.waits import sources
from config.waits.table import ORDER, WAITS, disorder, page


@pytest.mark.roadmap("security/dos-protection")
def test_every_inner_wait_ends_before_the_outer_one() -> None:
    assert list(disorder()) == []


def test_page_is_what_is_in_force() -> None:
    written = Path(sources.PROCFILE.parent, "docs", "timeouts.md").read_text("utf-8")

    assert written == page(), "`make schema` writes it anew"


def test_order_speaks_of_waits_that_exist_and_leaves_none_of_a_purchase_out() -> None:
    named = {name for inner, outer, _ in ORDER for name in (inner, outer)}

    assert named <= set(WAITS)
    assert set(WAITS) - named == {"head", "nginx head", "pool", "probe", "gauge"} - named


def test_provider_that_may_take_longer_than_a_deployment_gives_is_named(settings: Any) -> None:
    settings.PAYMENT_DEADLINE = timedelta(seconds=16)

    found = list(disorder())

    assert {"provider"} <= {wrong.split(" (")[0] for wrong in found} <= {"provider", "purchase"}
    assert [wrong for wrong in found if "before stop (15 s): a deployment would cut purchases" in wrong]


def test_lock_that_waits_longer_than_its_statement_is_named(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    wrong = "-c lock_timeout=6000 -c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "options", wrong)

    assert [line.split(":")[0] for line in disorder()] == ["lock (6 s) does not end before statement (5 s)"]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("proxy_read_timeout 20s;", []),
        ("proxy_read_timeout 20s;\n}\nlocation /slow {\n  proxy_read_timeout 9000ms;", ["purchase"]),
        ("proxy_read_timeout 1m;", ["nginx answer"]),
        ("proxy_read_timeout 20;\nproxy_connect_timeout 30s;", ["nginx connect"]),
    ],
)
def test_nginx_gives_up_after_the_shop_and_before_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, named: list[str]
) -> None:
    (tmp_path / "shop.conf").write_text(f"server {{\n{said}\n}}")
    monkeypatch.setattr(sources, "NGINX", tmp_path)

    assert [wrong.split(" (")[0] for wrong in disorder()] == named
