"""How much of a thing a client wants to be told: some members of a row, more than the row, or nothing after a write.

    GET  /products/?fields=sku,price          fieldsets.py      only these members
    GET  /orders/?include=lines,payment       compound.py       what has an address of its own, in the same answer
    PATCH …   Prefer: return=minimal          preferences.py    done, and nothing to read

All three are edge. They live in accounts because every app may import it; `docs/api/habits.md` shows them from outside.
"""
