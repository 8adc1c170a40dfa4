"""Pictures of products: taken in from the staff, and served to everybody where no object storage does it.

Roadmap: commerce/image-upload, api/rest-resource-design
"""

from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.errors import StepUpRequired
from accounts.permissions import Staffed
from accounts.representations.fieldsets import Sparse
from shop import images
from shop.errors import ImageTooLarge, NotAnImage, TooManyImages
from shop.models import Product, ProductImage
from shop.models.images import SIZES, file_name
from shop.pictures import MOST_BYTES
from shop.serializers import StaffImageSerializer, UploadImageSerializer
from shop.views.freshness import RULES


class ProductImages(APIView):
    """The pictures of one product; who only looks finds them in the product itself."""

    permission_classes = [Staffed.to(POST="shop.change_product")]
    scopes = {"POST": "catalog:write"}
    parser_classes = [MultiPartParser]
    problems = (StepUpRequired, NotAnImage, ImageTooLarge, TooManyImages)
    most_bytes = MOST_BYTES + 10_000  # for `BodyLimitMiddleware`: the picture and what stands around it

    @extend_schema(
        operation_id="upload_image",
        request={"multipart/form-data": UploadImageSerializer},
        responses={201: StaffImageSerializer, 200: StaffImageSerializer},
        tags=["catalogue"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Upload a picture. 201: it is shown as soon as its thumbnails are made. 200: it was uploaded before."""
        wanted = UploadImageSerializer().run_validation(request.data)
        product = get_object_or_404(Product, slug=slug)
        image, is_new = images.add(product, upload=wanted["file"].read(), alt=wanted["alt"])
        shown = StaffImageSerializer(image, context={"request": request}).data
        location = reverse("product-image", [slug, image.pk], request=request)
        return Response(shown, 201 if is_new else 200, headers={"Location": location})


class ProductImageDetail(Sparse):
    """One picture."""

    serializer_class = StaffImageSerializer
    permission_classes = [Staffed.to(GET="shop.change_product", DELETE="shop.change_product")]
    scopes = {"GET": "catalog:read", "DELETE": "catalog:write"}
    problems = (StepUpRequired,)

    @extend_schema(operation_id="show_image", responses=StaffImageSerializer, tags=["catalogue"])
    def get(self, request: Request, slug: str, id: UUID) -> Response:
        """Show a picture, and whether its thumbnails are made."""
        return Response(self.get_serializer(self.image(slug, id)).data)

    @extend_schema(operation_id="remove_image", responses={204: None}, tags=["catalogue"])
    def delete(self, request: Request, slug: str, id: UUID) -> Response:
        """Take a picture away, with its files."""
        images.remove(self.image(slug, id))
        return Response(status=204)

    def image(self, slug: str, id: UUID) -> ProductImage:
        """The picture of the path."""
        return get_object_or_404(ProductImage, product__slug=slug, pk=id)


@require_safe
def picture(request: HttpRequest, id: UUID, size: int) -> FileResponse:
    """Serve a picture's file. Whatever it were, a browser would take it for a picture and run nothing of it."""
    name = file_name(id, size)
    if size not in SIZES or not default_storage.exists(name):
        raise Http404
    headers = {
        "Cache-Control": str(RULES["picture"]),
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(default_storage.open(name), content_type="image/webp", headers=headers)
