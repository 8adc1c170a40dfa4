"""Where the catalogue lives under /api/v1/. What needs keys or orders, as stock and reviews do, is in `orders/urls.py`.

Roadmap: frameworks/routing
"""

from django.urls import path

from shop import views
from shop.views import images

urlpatterns = [
    path("products/", views.Products.as_view(), name="products"),
    path("products/<slug:slug>/", views.ProductDetail.as_view(), name="product"),
    path("products/<slug:slug>/images/", images.ProductImages.as_view(), name="product-images"),
    path("products/<slug:slug>/images/<uuid:id>/", images.ProductImageDetail.as_view(), name="product-image"),
    path("categories/", views.Categories.as_view(), name="categories"),
    path("categories/<slug:slug>/", views.CategoryDetail.as_view(), name="category"),
]
