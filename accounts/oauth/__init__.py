"""The shop as an OAuth 2.0 and OpenID Connect provider, and as a client of somebody else's.

django-oauth-toolkit knows the protocol; here stands what is ours: keys, tokens, scopes, what is kept, and who is told.
Start at `validator.py` (what a client may get), then `access.py` (what a token says) and `grants.py` (how it ends).
"""
