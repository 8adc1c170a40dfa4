"""The tables of the shop, one module for each thing that a shopkeeper would name.

Roadmap: databases/schema-design
"""

from shop.models.catalogue import (
    Category,
    CategoryQuerySet,
    Currency,
    Product,
    ProductQuerySet,
    Stock,
    StockEntry,
)
from shop.models.images import ProductImage, ProductImageQuerySet
from shop.models.reservations import Reservation, ReservationLine, ReservationQuerySet
from shop.models.reviews import Rating, Review, ReviewQuerySet
from shop.models.switches import Switch

__all__ = [
    "Category",
    "CategoryQuerySet",
    "Currency",
    "Product",
    "ProductImage",
    "ProductImageQuerySet",
    "ProductQuerySet",
    "Rating",
    "Reservation",
    "ReservationLine",
    "ReservationQuerySet",
    "Review",
    "ReviewQuerySet",
    "Stock",
    "StockEntry",
    "Switch",
]
