"""How fast the shop sells, measured beside the least that could be called a purchase, on this machine and in one run.

    python -m deploy.bench             our purchase next to a bare Django view with the same two transactions
    python -m deploy.bench servers     the same shop on different application servers, under load, SIGTERM and SIGKILL

Figures of two runs cannot be compared, ratios inside one can. Imports nothing of the shop but in `instant.py` and
`tokens.py`, which run as processes of their own. Start reading in `purchases.py`.
"""
