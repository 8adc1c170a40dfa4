"""What GraphQL shows of the catalogue, and what every part of the schema loads and pages with.

Start reading at `loading.py`, then `catalogue.py`.
"""
