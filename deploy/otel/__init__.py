"""Traces outside of the shop: the collector's configuration, and a small receiver that shows a trace in a terminal.

Imports nothing of the shop. `collector.yml` is for compose; `receiver.py` and `tree.py` are for `make demo` and tests.
"""
