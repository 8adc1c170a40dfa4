"""How fast the catalogue is read, beside views that do as little as can be.

`reference.py` has those views, `settings.py` puts them behind the shop's own middleware, `duels.py` measures.
"""
