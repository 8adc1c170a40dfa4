"""`manage.py document`: write what is generated from the code: `docs/problems.md`, the access matrix, the
tables of metrics and time-outs, the drawing of the tables, the GraphQL schema, `.env.example`.

They are checked in, so that they can be read without running anything; tests compare them with the code.

Roadmap: workflow/documentation, workflow/api-docs-maintenance
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import access, env
from config.drawings import entities
from config.graphql.schema import schema
from config.grpc.statuses import code_of
from config.metrics import table
from config.problems import PROBLEMS, Problem, meaning
from config.waits import table as waits

HEAD = """# Problems

Every refusal of the API is `application/problem+json` (RFC 9457) with these members. Generated from
`config/problems.py` by `make schema`.

| member | what it says |
| --- | --- |
| `type` | `/problems/<slug>/`: names the kind of problem for programs, and explains it to people who open it |
| `title` | the kind of problem, the same each time |
| `status` | the HTTP status, once more; in gRPC a code stands in its place |
| `detail` | what happened this time, in words for the shopper |
| `instance` | the path that was asked for |
| `request_id` | the log has everything under this id; the header `X-Request-ID` carries it, too |

An amount among the further members is a text with `currency` beside it; from v2 of the REST API on it is an object that
holds both (`docs/api/versions.md`).

## By status

| status | gRPC | slug | title | more members | meaning |
| --- | --- | --- | --- | --- | --- |
"""


class Command(BaseCommand):
    """Write the files."""

    help = "Writes the generated pages of docs/ (problems, access, tables, metrics, waits, GraphQL) and .env.example."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them and say so."""
        pages = {"docs/problems.md": problems_page(), "docs/access-matrix.md": access.page()}
        pages["docs/er-diagram.md"] = entities.page()
        pages["docs/api/schema.graphql"] = f"{schema}\n"
        pages["docs/metrics.md"], pages["docs/timeouts.md"] = table.markdown(), waits.page()
        for name, text in {**pages, ".env.example": env.example()}.items():
            (settings.BASE_DIR / name).write_text(text)
            self.stdout.write(f"wrote {name}")


def problems_page() -> str:
    """Return `docs/problems.md`: one row for each kind of problem, by status."""
    rows: dict[tuple[int, str], str] = {}
    for error, problem in PROBLEMS.items():
        rows.setdefault((problem.status, problem.slug), _row(error, problem))
    return HEAD + "".join(row for _, row in sorted(rows.items()))


def _row(error: type[Exception], problem: Problem) -> str:
    members = ", ".join(f"`{field}`" for field in problem.fields)
    cells = (problem.status, code_of(problem), f"`{problem.slug}`", problem.title, members, meaning(error))
    return f"| {' | '.join(map(str, cells))} |\n"
