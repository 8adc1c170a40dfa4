"""Clients that nobody wrote: made from `docs/api/openapi.yaml`, and two shoppers who use them.

`generate.py` makes a Python package and TypeScript types; `purchase.py` and `purchase.ts` are the same purchase with
each. What they say of the API is checked by a compiler before it is asked of a shop. Start reading at `purchase.ts`.
"""
