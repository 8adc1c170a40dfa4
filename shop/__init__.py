"""What is for sale and how much of it there is.

May import `accounts`; never `orders` or `config`. Whoever buys, buys through `shop/stock.py`, the only writer of stock.
Start reading at `shop/models` (category, product, stock, ledger), then `shop/stock.py`.
"""
