"""How long everybody waits: `table.py` has the waits and their order, `sources.py` reads each where it is in force."""
