"""A bug is caught in the act: `python -m roadmap.labs.breakpoints`. What one would type into pdb is in `TYPED`.

    a check is red ─► stop where it happens, and only then ─► look ─► put it right by hand ─► go on: the check is green

Roadmap: testing/debugger-breakpoints
"""

import inspect
import io
import pdb
import re

#: Stop at the end of `split` if cents were lost, and nowhere else: two of three calls are fine.
WHERE = "shares[-1] != total - sum(shares[:-1])"
TYPED = """\
break {line}, {condition}
continue
where
args
print(shares, sum(shares))
shares[-1] += total - sum(shares)
continue
"""


def split(total: int, parts: int) -> list[int]:
    """Split cents among parcels. The bug that is planted here: what is left over by the division is lost."""
    shares = [total // parts] * parts
    return shares  # noqa: RET504 - a line to stop at


def check() -> str:
    """Green if no cent is lost, for three totals."""
    lost = [total - sum(split(total, 3)) for total in (900, 1000, 300)]
    return f"red: {lost} cents are lost" if any(lost) else "green"


def debugged() -> tuple[str, str]:
    """Run the check under pdb with what would be typed; return its result and what pdb showed."""
    lines, first = inspect.getsourcelines(split)
    line = first + next(place for place, text in enumerate(lines) if "return shares" in text)
    typed, shown = io.StringIO(TYPED.format(line=line, condition=WHERE)), io.StringIO()
    debugger = pdb.Pdb(stdin=typed, stdout=shown, nosigint=True, readrc=False)
    result = debugger.runcall(check)
    return str(result), shown.getvalue()


def main() -> None:
    print(f"without a debugger  {check()}")
    result, shown = debugged()
    print(re.sub(r"\S*/(?=roadmap/labs)", "", shown.replace("(Pdb) ", "")).strip())
    print(f"put right by hand   {result}")


if __name__ == "__main__":
    main()
