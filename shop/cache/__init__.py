"""The catalogue as it was last answered, kept where it can be had for less than the database takes.

    GET /products/ ─► memory.py, this process ─► Redis ─► the view: PostgreSQL
                      a second, unasked          as long as its versions hold

What is kept are whole answers, the bytes that are sent: fetching rows from Redis costs what fetching them from
PostgreSQL does. Kept is only what everybody may see; a request that says who it is passes by (`shop/views/front.py`).

Start reading at `aside.py`, how an answer is found or made; then `versions.py`, why it is never older than a second.
`changes.py` is what every writer calls, and `kinds.py` the table of how long what lives.
"""
