"""What the API has promised: the document of the last release, and what differs from it today.

`changes.py` compares two documents, `python -m deploy.contract` tells the differences and writes a release. What is not
built yet stands in `docs/api/proposed/`: `mock.py` serves it, `proposals.py` holds what is built to it.
`docs/api/released/README.md` says how a promise is broken on purpose.
"""
