"""Somebody else's programs, as their developers would write them: on stock libraries, knowing only the shop's address.

`client.py` logs people in by the shop and buys for them; `depot.py` is a service that lets in who shows a token of the
shop; `browser.py` stands for the person in between. `python -m deploy.partner` plays all three against a running shop.
"""
