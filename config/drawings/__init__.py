"""Pictures of the shop that are drawn from the shop itself: none can show what is no more.

`entities.py` draws the tables from the models. May import every app; nothing imports it but the command that writes
what is generated.
"""
