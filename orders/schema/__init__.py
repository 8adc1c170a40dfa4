"""Carts, orders and the purchase in GraphQL: the same functions that REST calls, in other clothes.

Start reading at `purchases.py`.
"""
