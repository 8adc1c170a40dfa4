"""gRPC: who comes in (`gate.py`), how errors leave (`statuses.py`), and the process (`__main__.py`)."""
