"""The gates that a change passes before it is the shop: what `make check` and the pipeline ask beyond ruff and mypy."""
