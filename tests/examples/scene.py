"""The scene of an example: the cast, a small shop, a payment provider, and the values behind the stand-ins."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.test import APIClient

from accounts.models import User
from config.openapi.examples import Example
from shop.models import Category, Product
from tests.examples.stand_ins import alive
from tests.factories import CategoryFactory, person, product, token_of
from tests.fakes import FakeGateway
from tests.pictures import drawn

#: What the uploads of the examples hold.
FILES = {"desk.jpg": drawn(), "script.jpg": b"<script>alert(1)</script>"}
ROLES: dict[str, dict[str, Any]] = {
    "carol": {"role": "admin", "is_superuser": True},
    "dave": {"role": "warehouse"},
}


@dataclass
class Scene:
    """Everything that a `given` may change. `living` has the value behind each stand-in."""

    example: Example
    gateway: FakeGateway
    living: dict[str, str] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.person("alice")
        furniture = CategoryFactory(slug="furniture", name="Furniture")
        self.desks: Category = CategoryFactory(slug="desks", name="Desks", parent=furniture)
        lamps = CategoryFactory(slug="lamps", name="Lamps")
        self.desk = _stocked(self.desks, "DESK-WAL-160", "Walnut Desk", "1280.00", units=3)
        _stocked(self.desks, "DESK-ASH-120", "Ash Desk", "940.00", units=0)
        self.lamp = _stocked(lamps, "LMP-PAP-045", "Paper Lamp", "89.00", units=12)

    def person(self, name: str) -> User:
        """One of the cast; alice is always there, the others come in when first named."""
        if name not in self.people:
            self.people[name] = person(name, **ROLES.get(name, {}))
        return self.people[name]

    def ask(self, path: str, method: str) -> HttpResponseBase | Any:
        """Put the question of the example to an operation."""
        example, client = self.example, APIClient(raise_request_exception=False)
        if example.by:
            methods = ["pwd", "otp"] if example.proved else ["pwd"]
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(self.person(example.by), methods)}")
        return client.generic(
            method.upper(),
            path.format(**alive(example.path, self.living)),
            QUERY_STRING="&".join(f"{name}={value}" for name, value in example.query.items()),
            headers=alive(example.headers, self.living),
            **self.sent(),
        )

    def sent(self) -> dict[str, Any]:
        """The body and what it is; one that names a file is a form with that file."""
        if self.example.body is None:
            return {}
        if "file" not in self.example.body:
            return {"data": self.body(), "content_type": "application/json"}
        file = SimpleUploadedFile(self.example.body["file"], FILES[self.example.body["file"]])
        form = encode_multipart(BOUNDARY, {**self.example.body, "file": file})
        return {"data": form, "content_type": MULTIPART_CONTENT}

    def body(self) -> str:
        """What is sent, to the letter."""
        return json.dumps(alive(self.example.body, self.living))


def _stocked(category: Category, sku: str, name: str, price: str, *, units: int) -> Product:
    slug = name.lower().replace(" ", "-")
    return product(category=category, sku=sku, slug=slug, name=name, price=price, stocked=units)
