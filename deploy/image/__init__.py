"""What stands inside of the image beside the shop: how a container starts, how it is asked, who makes its keys."""

import tempfile
from pathlib import Path

#: Which process this container is, for `health.py`; in the memory that is the only place where it may write.
NAME = Path(tempfile.gettempdir(), "process")
