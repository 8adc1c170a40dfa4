"""The whole shop on one machine: `make run`, `make demo` and the tests start it from here.

Imports `deploy.embedded`, nothing of the shop. Start reading in `stack.py`.
"""
