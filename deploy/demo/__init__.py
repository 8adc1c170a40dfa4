"""The demo: buys a desk over the public API, then makes everything go wrong that can, and tells the story.

Imports nothing of the shop: what it knows of it, it knows from HTTP. `shopper.py` is the client; start reading in
`__main__.py`.
"""
