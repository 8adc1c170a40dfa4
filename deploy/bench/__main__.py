"""`python -m deploy.bench [purchases|servers]`: measure, print the tables, exit 1 if a ratio is below the bar.

Roadmap: testing/load-and-stress-tests, foundations/command-line
"""

import sys
from argparse import ArgumentParser, Namespace

from rich.console import Console

from deploy.bench import whole
from deploy.bench.figures import missed, show
from deploy.bench.purchases import Results, measure
from deploy.bench.servers import SERVERS, compare
from deploy.bench.table import show_purchases, show_servers
from deploy.embedded import ServerTrouble


def main() -> int:
    options = parse(sys.argv[1:])
    console = Console(width=None if sys.stdout.isatty() else 110)
    try:
        return WHAT[options.what](options, console)
    except ServerTrouble as trouble:
        console.print(str(trouble), markup=False)
        return 2
    except KeyboardInterrupt:
        return 130


def everything(options: Namespace, console: Console) -> int:
    with console.status("starting") as status:
        figures = whole.measure(options, status.update)
    show(console, "Ratios of one run, taken in turns: medians", figures)
    return 1 if options.slack is not None and missed(figures, slack=options.slack) else 0


def purchases(options: Namespace, console: Console) -> int:
    with console.status("starting") as status:
        results = measure(
            clients=options.clients or [1, 8, 32],
            rounds=options.rounds,
            seconds=options.seconds,
            tell=status.update,
        )
    show_purchases(console, results, bar=options.bar)
    return 1 if options.bar is not None and below(results, options.bar) else 0


def below(results: Results, bar: float) -> bool:
    return any(results.ratio(kind) < bar for kind in results.tallies if kind.side == "ours")


def servers(options: Namespace, console: Console) -> int:
    with console.status("starting") as status:
        tallies, trials = compare(
            names=options.only or list(SERVERS),
            clients=options.clients or [8, 32],
            rounds=options.rounds,
            seconds=options.seconds,
            tell=status.update,
        )
    show_servers(console, tallies, trials)
    return 0


WHAT = {"whole": everything, "purchases": purchases, "servers": servers}


def parse(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m deploy.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=list(WHAT), default="whole")
    parser.add_argument("--clients", type=numbers, metavar="1,8,32", help="buyers at once")
    parser.add_argument("--rounds", type=int, default=3, help="the figures are their medians (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.5, help="length of one measurement (default: 3.5)")
    parser.add_argument("--bar", type=float, help="purchases: exit 1 if ours sells less than this part of the floor")
    parser.add_argument("--long", action="store_true", help="whole: measure again with very many products and orders")
    parser.add_argument("--products", type=int, default=1_000_000, help="--long: how many (default: a million)")
    parser.add_argument("--orders", type=int, default=10_000_000, help="--long: how many (default: ten millions)")
    parser.add_argument("--slack", type=float, help="whole: exit 1 if a goal is missed by more than this part of it")
    parser.add_argument("--only", action="append", choices=list(SERVERS), help="servers: this one (may be repeated)")
    return parser.parse_args(arguments)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
