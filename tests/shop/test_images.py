"""Pictures of products: from the upload to the page, who may send them, and how they are served."""

import stat
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import User
from accounts.security_events import NOWHERE
from orders import outbox
from orders.models import OutboxMessage
from orders.tasks import CONSUMERS
from shop import images, pictures
from shop.models import Product, ProductImage
from shop.models.images import WHOLE, file_name
from tests.answers import assert_problem
from tests.factories import person, product
from tests.graphql_client import ask
from tests.pictures import SCRIPT, bomb, drawn, with_archive

pytestmark = pytest.mark.roadmap("commerce/image-upload")
Api = Callable[..., APIClient]


@pytest.fixture
def desk(db: None) -> Product:
    return product(slug="desk")


@pytest.fixture
def manager(api: Api, db: None) -> APIClient:
    """One who has shown a second factor."""
    return api(person("mia", role="manager"), "pwd", "otp")


def upload(client: APIClient, content: bytes, name: str = "desk.jpg", kind: str = "image/jpeg", **more: str) -> Any:
    file = SimpleUploadedFile(name, content, kind)
    return client.post("/api/v1/products/desk/images/", {"file": file, "alt": "A desk"} | more, format="multipart")


def work() -> None:
    for message in OutboxMessage.objects.waiting().filter(topic__startswith="image."):
        assert outbox.perform(message.pk, CONSUMERS)


def test_picture_is_shown_in_both_protocols_once_its_thumbnails_are_made(
    desk: Product, manager: APIClient, api: Api
) -> None:
    answer = upload(manager, drawn())
    assert (answer.status_code, answer.json()["is_ready"]) == (201, False)
    assert api().get("/api/v1/products/desk/").json()["images"] == []

    work()

    assert manager.get(answer["Location"]).json()["is_ready"] is True
    [shown] = api().get("/api/v1/products/desk/").json()["images"]
    [row] = api().get("/api/v1/products/").json()["results"]
    assert row["images"] == [shown]
    assert (shown["alt"], shown["width"], shown["height"]) == ("A desk", 900, 600)
    question = '{ product(slug: "desk") { images { url alt width height thumbnails { size url } } } }'
    [said] = ask(api(), question)["product"]["images"]
    thumbnails = {str(one["size"]): one["url"] for one in said.pop("thumbnails")}
    assert said | {"thumbnails": thumbnails} == shown
    for size, url in {"900": shown["url"], **shown["thumbnails"]}.items():
        assert largest_side(api().get(url)) == int(size)


def largest_side(served: Any) -> int:
    assert served.status_code == 200
    with Image.open(BytesIO(served.getvalue())) as image:
        return max(image.size)


@pytest.mark.parametrize(
    ("name", "kind", "content", "refusal"),
    [
        ("desk.jpg", "image/jpeg", SCRIPT, (415, "not-an-image")),
        ("desk.jpg", "image/jpeg", b"MZ" + bytes(3000), (415, "not-an-image")),
        ("desk.png", "image/png", bomb(), (413, "image-too-large")),
        ("desk.jpg", "image/jpeg", bytes(5_000_001), (413, "image-too-large")),
        ("desk.jpg", "image/jpeg", bytes(5_100_000), (413, "body-too-large")),
        ("desk.jpg", "image/jpeg", b"", (400, "validation-failed")),
    ],
    ids=["renamed script", "program", "bomb", "too many bytes", "far too many", "empty"],
)
def test_bad_upload_is_refused_and_leaves_nothing(
    desk: Product, manager: APIClient, name: str, kind: str, content: bytes, refusal: tuple[int, str]
) -> None:
    assert_problem(upload(manager, content, name, kind), *refusal)

    assert not ProductImage.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("more", [{"alt": ""}, {"alt": "x" * 161}, {"is_ready": "true"}])
def test_upload_with_other_members_is_refused(desk: Product, manager: APIClient, more: dict[str, str]) -> None:
    assert_problem(upload(manager, drawn(), **more), 400, "validation-failed")


def test_other_bodies_keep_their_limit(desk: Product, manager: APIClient) -> None:
    body = b'{"rating": 5, "text": "' + b"a" * 1_000_001 + b'"}'

    assert_problem(
        manager.generic("POST", "/api/v1/products/desk/reviews/", body, "application/json"), 413, "body-too-large"
    )
    assert_problem(
        manager.generic("POST", "/api/v1/products/desk/images/", b"{}", "application/json"),
        415,
        "unsupported-media-type",
    )


@pytest.mark.parametrize("name", ["../../etc/cron.d/desk.jpg", "desk.php", "désk\u202egpj.exe", "x" * 90])
def test_name_of_the_upload_goes_nowhere(desk: Product, manager: APIClient, name: str) -> None:
    assert upload(manager, drawn(), name, "text/html").status_code == 201

    image = ProductImage.objects.get()
    assert default_storage.listdir(f"images/{image.pk}") == ([], ["1600.webp"])


def test_picture_is_served_as_a_picture_and_as_nothing_else(desk: Product, manager: APIClient, api: Api) -> None:
    shown = upload(manager, with_archive()).json()
    served = api().get(shown["url"])

    assert served["Content-Type"] == "image/webp"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert served["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"php" not in served.getvalue()
    for path in (shown["url"].replace("1600", "1601"), f"/media/images/{desk.pk}/480.webp", "/media/../manage.py"):
        assert_problem(api().get(path), 404, "not-found")


def test_same_upload_twice_is_one_picture(desk: Product, manager: APIClient) -> None:
    first, second = upload(manager, drawn()), upload(manager, drawn(), "again.jpg")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert OutboxMessage.objects.filter(topic="image.uploaded").count() == 1


def test_upload_that_lost_a_race_against_its_twin_leaves_no_file(
    desk: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pictures.clean

    def overtaken(content: bytes, *, longest: int) -> pictures.Picture:
        monkeypatch.setattr(pictures, "clean", real)
        images.add(desk, upload=content, alt="The twin")
        return real(content, longest=longest)

    monkeypatch.setattr(pictures, "clean", overtaken)
    found, is_new = images.add(desk, upload=drawn(), alt="The other")
    work()

    assert (is_new, found.alt) == (False, "The twin")
    loser = OutboxMessage.objects.get(topic="image.removed").payload["image"]
    assert not default_storage.exists(file_name(loser, WHOLE))
    assert default_storage.exists(found.file(WHOLE))
    assert ProductImage.objects.get().is_ready


def test_thirteenth_picture_is_refused(desk: Product, manager: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST", 1)
    assert upload(manager, drawn()).status_code == 201

    assert assert_problem(upload(manager, drawn("PNG")), 409, "too-many-images")["most"] == 1


def test_removed_picture_takes_its_files_along(desk: Product, manager: APIClient, api: Api) -> None:
    answer = upload(manager, drawn())
    work()

    assert manager.delete(answer["Location"]).status_code == 204
    work()

    assert_problem(manager.get(answer["Location"]), 404, "not-found")
    assert_problem(api().get(answer.json()["url"]), 404, "not-found")
    assert api().get("/api/v1/products/desk/").json()["images"] == []


def test_worker_that_died_half_way_through_a_file_is_made_up_for(desk: Product, manager: APIClient, api: Api) -> None:
    image = images.add(desk, upload=drawn(), alt="A desk")[0]
    default_storage.save(image.file(480), SimpleUploadedFile("half", b"RIFF half a file"))

    images.make_sizes(str(image.pk))
    images.make_sizes(str(image.pk))

    [shown] = api().get("/api/v1/products/desk/").json()["images"]
    assert largest_side(api().get(shown["thumbnails"]["480"])) == 480


@pytest.mark.roadmap("auth/rbac")
@pytest.mark.parametrize(
    ("role", "status"), [("customer", 403), ("support", 403), ("warehouse", 403), ("manager", 201)]
)
def test_only_managers_upload(desk: Product, api: Api, role: str, status: int) -> None:
    assert upload(api(person("somebody", role=role), "pwd", "otp"), drawn()).status_code == status


@pytest.mark.roadmap("auth/mfa")
def test_manager_writes_with_a_second_factor_only_and_looks_without(
    desk: Product, manager: APIClient, api: Api
) -> None:
    place = upload(manager, drawn())["Location"]
    hasty = api(User.objects.get())

    assert_problem(upload(hasty, drawn("PNG")), 403, "step-up-required")
    assert_problem(hasty.delete(place), 403, "step-up-required")

    assert hasty.get(place).status_code == 200
    assert ProductImage.objects.count() == 1


@pytest.mark.roadmap("auth/oauth2-scopes")
@pytest.mark.parametrize(("scope", "status"), [("catalog:write", 201), ("catalog:read", 403)])
def test_program_uploads_by_its_scope(desk: Product, api: Api, scope: str, status: int) -> None:
    mia = person("mia", role="manager")
    made = api_keys.make(mia, name="Studio", scopes=[scope], networks=[], lasts=timedelta(days=1), origin=NOWHERE)
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {made.key}")

    assert upload(client, drawn()).status_code == status


@pytest.mark.parametrize("count", [1, 6])
def test_pictures_come_with_a_page_of_products_and_are_one_query_more_in_graphql(
    db: None, api: Api, count: int
) -> None:
    for _ in range(count):
        made = product()
        for digest in "ab":
            ProductImage.objects.create(product=made, alt="x", digest=digest, width=1, height=1, is_ready=True)

    with CaptureQueriesContext(connection) as captured:
        rows = api().get("/api/v1/products/").json()["results"]
    with CaptureQueriesContext(connection) as asked:
        ask(api(), "{ products { edges { node { images { url } } } } }")

    assert [len(row["images"]) for row in rows] == [2] * count
    assert (len(captured), len(asked)) == (1, 2)


def test_file_on_disk_is_the_shops_own(desk: Product, tmp_path: Path, settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}
    settings.MEDIA_ROOT = tmp_path / "uploads"
    image = images.add(desk, upload=drawn(), alt="A desk")[0]

    assert isinstance(default_storage._wrapped, FileSystemStorage)  # type: ignore[attr-defined]
    file = tmp_path / "uploads" / image.file(1600)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o750
