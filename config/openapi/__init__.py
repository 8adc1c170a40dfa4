"""The OpenAPI document: what drf-spectacular finds in the views, and what it cannot see.

`operations.py` adds the refusals and examples of each operation, `samples.py` one example of each problem,
`examples.py` reads what `<app>/examples/*.yaml` tells. May import everything; entry points alone import it.

Start reading at `operations.py`. `make schema` writes the document, `tests/test_openapi.py` holds it to its word.
"""
