"""`make demo`: start the whole shop, play the scenes, check the books, stop everything. Exit 0 only if all came true.

    servers and processes ─► five scenes over HTTP ─► the auditor ─► where the time went ─► where to click next

Roadmap: testing/e2e-tests, commerce/purchase-flow
"""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from rich.table import Table

from deploy.demo import timeline
from deploy.demo.scenes import CROWD, SCENES, Town
from deploy.demo.stage import PromiseBroken, Stage
from deploy.embedded import ServerTrouble
from deploy.local.process import ROOT
from deploy.local.stack import Stack, stack
from deploy.otel.receiver import Spans, receiving

STATE = Path(os.environ.get("STATE_DIR") or ROOT / "var" / "demo").resolve()
MAILS = STATE.parent / "mail"
PREPARE = (("migrate", "--verbosity", "0"), ("seed", "--crowd", str(CROWD)))


def main() -> int:
    """Play the demo and return the exit code."""
    stage, started = Stage(), time.monotonic()
    stage.console.print("[bold]Roadmap Shop[/]: a purchase on real parts, and everything that can go wrong with it.")
    try:
        with receiving() as spans:
            with stage.busy("Starting the shop") as step:
                env = mail_setting() | timeline.settings_for(spans)
                opening = stack(STATE, given=os.environ, prepare=PREPARE, env=env, tell=step)
                shop = opening.__enter__()
            try:
                play(stage, shop, spans)
            finally:
                with stage.busy("Stopping everything"):
                    opening.__exit__(None, None, None)
    except (PromiseBroken, ServerTrouble) as trouble:
        stage.console.print(f"\n[bold red]The demo failed:[/] {trouble}\nThe logs are in {STATE / 'log'}.")
        return 1
    except KeyboardInterrupt:
        stage.console.print("\nStopped.")
        return 130
    farewell(stage, time.monotonic() - started)
    return 0


def mail_setting() -> dict[str, str]:
    """Mails go to files, so that the story can show them."""
    MAILS.mkdir(parents=True, exist_ok=True)
    return {"EMAIL_URL": f"filemail://{MAILS}"}


def play(stage: Stage, shop: Stack, spans: Spans) -> None:
    """Play every scene, let the auditor look at the books, and show where the time of the first purchase went."""
    stage.tell(f"[dim]Running: {', '.join(shop.processes)}; the API is at {shop.url}/api/v1/[/]")
    with ExitStack() as leaving:
        town = Town(
            shop.url, shop.provider_url, MAILS, lambda sku, units: shop.manage("receive", sku, str(units)), leaving
        )
        for title, scene in SCENES.items():
            stage.scene(title)
            scene(stage, town)
    stage.scene("The auditor looks at the books")
    report = stage.wait_for(lambda: audited(shop), "Everything comes to rest")
    stage.show(report)
    stage.promise("BROKEN" not in report, "stock, orders, money and mails agree, here and at the provider")
    stage.scene("Where the time of the first purchase went")
    timeline.show_first_purchase(stage, spans)


def audited(shop: Stack) -> str | None:
    """The auditor's report, or nothing while something is still under way."""
    try:
        return shop.manage("audit", "--at-rest")
    except ServerTrouble:
        return None


def farewell(stage: Stage, seconds: float) -> None:
    """Say how it went and where to click next."""
    stage.console.print(
        f"\n[bold green]All {stage.kept} promises kept[/] in {seconds:.0f} seconds. Everything is stopped.\n"
    )
    table = Table(title="Where next", title_justify="left", show_header=False, box=None)
    table.add_row("make run", "the same shop to click through: http://127.0.0.1:8000/ (it still has these orders)")
    table.add_row("orders/checkout.py", "the purchase button, 100 lines from top to bottom")
    table.add_row("docs/purchase.md", "what each crash leaves behind, and who repairs it")
    table.add_row(str(MAILS.relative_to(ROOT) if MAILS.is_relative_to(ROOT) else MAILS), "the mails")
    stage.console.print(table)


if __name__ == "__main__":
    sys.exit(main())
