"""SIGKILL at every named step of the purchase and its aftermath, then nothing or a retry: nothing lost, nothing twice.

Short form in every run: each step twice, once left alone and once retried with the same key. The long form, 50 times
each with and without webhooks: `python -m pytest -m long tests/crashes`.
"""

import os
from collections import Counter

import httpx
import pytest

from tests.crashes.crash_shop import Case, CrashShop
from tests.crashes.inquest import Finding, audit, gather, judge, recovery, retry
from tests.crashes.steps import STEPS

pytestmark = [pytest.mark.serial]


def crash_everywhere(shop: CrashShop, *, times: int, webhooks: bool) -> tuple[list[Case], list[Finding]]:
    """Kill at every step `times` times and retry every other; return the cases with what is wrong once all is at rest.

    Without webhooks only the shop's own clock repairs; with them they come late, twice and out of order.
    """
    late = {"webhook_delay_ms": 4000, "webhook_shuffle": True, "webhook_duplicates": 1}
    switches = late if webhooks else {"webhooks_off": True}
    httpx.put(f"{shop.stack.provider_url}/_faults", json=switches).raise_for_status()
    cases = shop.kill_at([step for step in STEPS for _ in range(times)])
    cases.sort(key=lambda case: case.step.name)
    findings = retry(shop, cases[::2])
    shop.wait_for_rest()
    return cases, findings + judge(shop, cases)


def rows(shop: CrashShop, cases: list[Case], findings: list[Finding]) -> list[str]:
    """One line per step, and what the slowest recovery without a retry took."""
    evidence, seconds = gather(shop), dict.fromkeys((step.name for step in STEPS), 0.0)
    for case in cases:
        if not case.retried:
            seconds[case.step.name] = max(seconds[case.step.name], recovery(case, evidence))
    runs = Counter(case.step.name for case in cases)
    faults = Counter(finding.case.step.name for finding in findings)
    worst, load = max(seconds.values()), os.getloadavg()[0]
    total = (
        f"{len(STEPS)} steps, {len(cases)} kills, {len(findings)} violations, recovery ≤ {worst:.1f} s, load {load:.0f}"
    )
    heading = f"{'step':48} {'runs':>4} {'violations':>10} {'recovery':>9}"
    return [
        heading,
        *(f"{name:48} {runs[name]:4} {faults[name]:10} {seconds[name]:7.1f} s" for name in seconds),
        total,
    ]


@pytest.mark.roadmap(
    "messaging/transactional-outbox", "messaging/idempotent-tasks-and-retries", "commerce/purchase-flow"
)
@pytest.mark.timeout(300)
def test_kill_at_every_step_loses_nothing_and_repeats_nothing(crash_shop: CrashShop, table: list[str]) -> None:
    cases, findings = crash_everywhere(crash_shop, times=2, webhooks=False)

    table.extend(rows(crash_shop, cases, findings))
    assert [str(finding) for finding in findings] == []
    assert audit(crash_shop) == ""


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_fifty_kills_at_every_step(crash_shop: CrashShop, table: list[str]) -> None:
    cases: list[Case] = []
    findings: list[Finding] = []
    for batch in range(10):
        more, wrong = crash_everywhere(crash_shop, times=5, webhooks=bool(batch % 2))
        cases, findings = cases + more, findings + wrong

    table.extend(rows(crash_shop, cases, findings))
    assert [str(finding) for finding in findings] == []
    assert audit(crash_shop) == ""
