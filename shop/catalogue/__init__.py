"""What the shop sells on its first day, and as many further products as a load test wants.

The `*.toml` files are the demo catalogue: `categories.toml` is the tree, every other file the products of one leaf.
`shelves.py` reads them and puts them into the database; `invention.py` composes further products from
`vocabulary.toml`, and `bulk.py` copies a million of those in. The command `manage.py seed` drives all three.
Imports `shop.models` and `shop.stock`, nothing else of ours. Start reading at `shelves.py`.
"""
