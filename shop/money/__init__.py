"""Amounts of money: as the shop counts them, as payment providers do, and as each version of the REST API shows them.

`units.py` is core: cents and back. `shapes.py` is the edge, and the one place where the versions of the API differ.
"""
