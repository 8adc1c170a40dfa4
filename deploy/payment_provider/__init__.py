"""The neighbour that takes the money: a stand-in for Stripe's API, in a process and with a book of its own.

It imports nothing of the shop and the shop imports nothing of it; they talk over HTTP only, the shop with the official
`stripe` library. So one environment variable separates the shop from the real provider.

Start reading at `app.py`, then `api.py` (what can be asked), `idempotency.py` (the way of one POST), `intents.py` and
`refunds.py` (what happens to the money), `courier.py` (how the shop hears of it), `faults.py` (how it goes wrong).
"""
