"""The GraphQL endpoint: the schema's root, what a document may cost, and how an answer leaves.

Start reading at `endpoint.py`.
"""
