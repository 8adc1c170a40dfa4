"""Deliveries by the thousand: a list is taken in at once, and booked in the background.

    POST ─► job, its rows and an outbox row in one commit ─► 202, Location ─► worker: a batch, another batch …
                                                                  │            each is one short transaction
    GET …/{id}/ ◄── how far it is, and what was refused ──────────┘            killed? it goes on where it stood

A batch books its rows and moves the job on in one transaction, so that a row is booked or waits, and never both.
Start reading at `orders/imports/booking.py`.
"""
