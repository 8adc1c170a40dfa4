"""`python -m deploy.embedded up|down|status|env|restart`: the servers by hand.

    eval "$(python -m deploy.embedded env)"   the shop's commands now find the database

Roadmap: foundations/command-line
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

from deploy.embedded import postgres, redis
from deploy.embedded.errors import ServerTrouble
from deploy.embedded.servers import addresses, down, up
from deploy.embedded.state import State

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded", description="PostgreSQL and Redis from wheels.")
    parser.add_argument("command", choices=["up", "down", "status", "env", "restart"])
    parser.add_argument("--profile", choices=["demo", "test"], default="demo", help="test: faster, lost with the power")
    parser.add_argument("--dir", type=Path, help="where they keep their files (default: var/<profile>)")
    wish = parser.parse_args(arguments)
    directory = (wish.dir or ROOT / "var" / wish.profile).resolve()
    try:
        return run(wish.command, directory, durable=wish.profile == "demo")
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)
        return 2


def run(command: str, directory: Path, *, durable: bool) -> int:
    if command == "status":
        return report(directory)
    if command in ("down", "restart"):
        down(directory)
    if command in ("up", "restart", "env"):
        servers = up(directory, durable=durable, given=os.environ, kept=True)
        if command == "env":
            print("\n".join(f"export {name}={shlex.quote(url)}" for name, url in servers.environment().items()))
        else:
            print(f"PostgreSQL {servers.database_url}\nRedis      {servers.redis_url}")
    return 0


def report(directory: Path) -> int:
    """Exit code 0 if both answer, 3 (as of `systemctl status`) if not."""
    state = State.load(directory)
    answers = {
        "PostgreSQL": postgres.is_answering(state),
        "Redis": bool(state.redis_port) and redis.is_answering(state),
    }
    for name, is_up in answers.items():
        print(f"{name:10} {'up' if is_up else 'down'}")
    if all(answers.values()):
        print(f"{addresses(state).database_url}\n{addresses(state).redis_url}")
    return 0 if all(answers.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
