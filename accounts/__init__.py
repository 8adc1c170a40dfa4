"""People: who they are, how they log in, and what they may do.

Imports neither `shop` nor `orders` nor `config`: an account knows nothing of what is sold.
Start reading at `accounts/roles.py` (who may do what), then `accounts/tokens.py` (what a login is, and how it ends).
"""
