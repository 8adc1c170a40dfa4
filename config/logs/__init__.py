"""What the shop says about itself while it works, and to whom. The levels and fields stand in `docs/logging.md`.

    lines.py      one record, one line of JSON                redaction.py   what must not stand in it
    requests.py   one line for each request                   tasks.py       one for each task, under the request's id
    statements.py what a request said to the database
    levels.py     how bad an error is                         errors.py      unhandled ones to Sentry, if there is one
    reports.py    what Sentry is told of one

Start at `settings.py`, which Django reads; everything else hangs on it.
"""
