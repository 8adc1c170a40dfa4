"""The catalogue over HTTP, one module for each resource. Each write is: check the shape, call one function, answer.

Roadmap: api/rest-resource-design
"""

from shop.views.catalogue import Categories, CategoryDetail, ProductDetail, Products

__all__ = ["Categories", "CategoryDetail", "ProductDetail", "Products"]
