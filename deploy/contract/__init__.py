"""What the API has promised: the document of the last release, and what differs from it today.

`changes.py` compares two documents, `python -m deploy.contract` tells the differences and writes a release.
`docs/api/released/README.md` says how a promise is broken on purpose.
"""
