"""Buying: cart, purchase, payment, order, mail.

May import `shop` and `accounts`; never `config`. Nothing here is told by signals: who wants to know, reads the outbox.
Start reading at `orders/checkout.py`, the purchase from top to bottom, then `orders/settlement.py`, where every answer
of the payment provider ends, whichever way it came.
"""
