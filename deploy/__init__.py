"""Everything that stands around the shop when it runs: servers, processes, the benchmark.

Nothing here is imported by the shop itself. Start reading in `local/run.py` (`make run`), then `embedded/`.
"""
