"""The pictures of a product: taken in, shown once they are ready, and taken away with all their files.

    add ─► whole picture in the storage, row and message in one commit ─► worker: make_sizes ─► is_ready
    remove ─► row gone, message in one commit ─► worker: discard its files

A storage has no transactions, so the order says what a crash may leave behind: a file that no row names, never a row
without its file.

Refuses: what `shop/pictures.py` refuses, and more pictures than a product may have (TooManyImages).

Roadmap: commerce/image-upload
"""

import hashlib

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.module_loading import import_string

from shop import pictures
from shop.cache.changes import product_changed
from shop.errors import TooManyImages
from shop.models import Product, ProductImage
from shop.models.images import SIZES, THUMBNAILS, WHOLE, file_name

#: Pictures of one product; two uploads at once may pass it by one.
MOST = 12


def add(product: Product, *, upload: bytes, alt: str) -> tuple[ProductImage, bool]:
    """Take a picture in; return it and whether it is new: the same upload again is the picture that is there."""
    digest = hashlib.sha256(upload).hexdigest()
    if known := product.images.filter(digest=digest).first():
        return known, False
    if product.images.count() >= MOST:
        raise TooManyImages(MOST)
    picture = pictures.clean(upload, longest=WHOLE)
    image = ProductImage(product=product, alt=alt, digest=digest, width=picture.width, height=picture.height)
    default_storage.save(image.file(WHOLE), ContentFile(picture.content))
    return _enter(image)


@transaction.atomic
def _enter(image: ProductImage) -> tuple[ProductImage, bool]:
    """Write the row, unless the same upload came in a moment ago, by another request."""
    [_] = ProductImage.objects.bulk_create([image], ignore_conflicts=True)
    entered = ProductImage.objects.get(product=image.product, digest=image.digest)
    _post("image.uploaded" if entered == image else "image.removed", image.pk)
    return entered, entered == image


@transaction.atomic
def remove(image: ProductImage) -> None:
    """Take the picture away; nobody sees it from now on, and its files follow."""
    image_id = image.pk
    image.delete()
    product_changed(image.product_id)
    _post("image.removed", image_id)


def make_sizes(image_id: str) -> None:
    """Make the thumbnails and let the picture be seen. May be repeated: half a file of a killed worker is made anew."""
    if not ProductImage.objects.filter(pk=image_id, is_ready=False).exists():
        return
    with default_storage.open(file_name(image_id, WHOLE)) as file:
        whole = file.read()
    for size in THUMBNAILS:
        default_storage.delete(file_name(image_id, size))
        default_storage.save(file_name(image_id, size), ContentFile(pictures.smaller(whole, longest=size)))
    _let_be_seen(image_id)


@transaction.atomic
def _let_be_seen(image_id: str) -> None:
    ProductImage.objects.filter(pk=image_id).update(is_ready=True)
    for product_id in ProductImage.objects.filter(pk=image_id).values_list("product_id", flat=True):
        product_changed(product_id)


def discard(image_id: str) -> None:
    """Delete the picture's files; those that are gone already are no trouble."""
    for size in SIZES:
        default_storage.delete(file_name(image_id, size))


def _post(topic: str, image_id: object) -> None:
    import_string(settings.OUTBOX)(topic, {"image": str(image_id)})
