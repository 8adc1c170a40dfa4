"""Pictures of products: rows here, files in the storage that the environment names.

    ProductImage ─► images/<id>/1600.webp     what was uploaded, drawn anew
                    images/<id>/480.webp …    made by a worker; until then `is_ready` is false and nobody sees it

A file's name is made of the row's id, never of what the uploader called it, and its bytes never change: whoever has
read it once may keep it for ever.

Roadmap: commerce/image-upload, databases/keys
"""

from uuid import uuid4

from django.core.files.storage import default_storage
from django.db import models
from django.db.models.functions import Now

from shop.models.catalogue import Product

#: The longest side in pixels: of the picture itself, and of what is made from it for lists and pages.
WHOLE, THUMBNAILS = 1600, (480, 160)
SIZES = (WHOLE, *THUMBNAILS)


class ProductImageQuerySet(models.QuerySet["ProductImage"]):
    """The reads that every protocol shares."""

    def ready(self) -> "ProductImageQuerySet":
        """Only pictures with all their sizes, the oldest first."""
        return self.filter(is_ready=True).order_by("created_at", "id")


class ProductImage(models.Model):
    """One picture of a product."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # No index of its own: the unique constraint begins with it.
    product = models.ForeignKey(Product, models.CASCADE, related_name="images", db_index=False)
    alt = models.CharField(max_length=160, help_text="What can be seen, for who cannot see it.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the upload: the same one twice is one picture.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    is_ready = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = ProductImageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["product", "digest"], name="one_picture_for_each_upload")]

    def __str__(self) -> str:
        return f"{self.alt} ({self.product_id})"

    def file(self, size: int) -> str:
        """Return the name under which the storage has it."""
        return file_name(self.pk, size)

    def url(self, size: int) -> str:
        """Return where it can be fetched: a path of ours, or whatever the storage says."""
        return default_storage.url(self.file(size))


def file_name(id_: object, size: int) -> str:
    """Return the name of a picture's file in one size."""
    return f"images/{id_}/{size}.webp"
