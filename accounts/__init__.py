"""People: who they are and how they log in.

Imports neither `shop` nor `orders` nor `config`: an account knows nothing of what is sold.
Start reading at `accounts/models.py` (the user), then `accounts/views.py` (how address and password become a token).
"""
