"""`python -m deploy.pipeline [STAGE…]`: all stages or these, in their order; the first that fails is the last.

A release of code whose tests did not pass cannot come about by haste: the stages that make it stand behind them. A run
from its beginning clears what the last one left.

Roadmap: testing/test-automation-in-ci, deployment/ci-cd-pipeline
"""

import shutil
import subprocess
import sys
import time

from deploy.pipeline.stages import KEPT, ROOT, Stage, proofs_of_make, stages


def run(chosen: list[Stage]) -> list[str]:
    """The names of the stages that passed, each with its seconds said aloud."""
    passed = []
    for stage in chosen:
        began = time.monotonic()
        is_good = all(subprocess.run(command, cwd=ROOT).returncode == 0 for command in stage.commands)
        print(f"{'passed' if is_good else 'FAILED':6}  {stage.name:12} {time.monotonic() - began:6.1f} s", flush=True)
        if not is_good:
            break
        passed.append(stage.name)
    return passed


def main(wanted: list[str]) -> int:
    known = stages(proofs_of_make())
    names = [stage.name for stage in known]
    if unknown := [name for name in wanted if name not in names]:
        print(f"No such stage: {', '.join(unknown)}. There are {', '.join(names)}.", file=sys.stderr)
        return 2
    chosen = [stage for stage in known if not wanted or stage.name in wanted]
    if not wanted:
        shutil.rmtree(KEPT, ignore_errors=True)
        (ROOT / ".coverage").unlink(missing_ok=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    return 0 if len(run(chosen)) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
