"""One hostile name on the page of a product: in the text, an attribute, inline JSON and an address it is only a name.

Elsewhere: in a table `test_spreadsheets.py`, in letters `tests/orders/test_mail.py`, in the log
`tests/config/test_logging.py`.
"""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.factories import office_of, product

NAME = '"Tom\'s" </script><b>desk</b> & =1+1?#'
PAGE = "/products/desk/"
pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("security/output-encoding")]


@pytest.fixture
def page() -> str:
    product(slug="desk", name=NAME)
    return Client().get(PAGE).content.decode()


def found(pattern: str, page: str) -> str:
    return re.findall(pattern, page, re.DOTALL)[0]


def test_in_text_and_in_an_attribute_the_five_signs_are_written_out(page: str) -> None:
    written = "&quot;Tom&#x27;s&quot; &lt;/script&gt;&lt;b&gt;desk&lt;/b&gt; &amp; =1+1?#"

    assert found('<h1 title="(.*?)">', page) == written
    assert found("<h1 .*?>(.*?)</h1>", page) == written


def test_in_json_that_stands_in_the_page_nothing_can_end_the_script(page: str) -> None:
    inline = found('<script id="described" type="application/json">(.*?)</script>', page)

    assert "<" not in inline
    assert json.loads(inline)["name"] == NAME


def test_in_an_address_it_is_one_value(page: str) -> None:
    link = found('<a href="(/api/v2/products/.*?)">', page)

    assert link.partition("?search=")[2] == (
        "%22Tom%27s%22%20%3C%2Fscript%3E%3Cb%3Edesk%3C%2Fb%3E%20%26%20%3D1%2B1%3F%23"
    )


def test_page_costs_two_statements_and_shows_the_unlisted_to_staff_alone(carol: User) -> None:
    product(slug="desk", is_listed=False)
    product(slug="lamp")

    with CaptureQueriesContext(connection) as captured:
        assert Client().get("/products/lamp/").status_code == 200
    assert len(captured) == 2

    assert [client.get(PAGE).status_code for client in (Client(), office_of(carol))] == [404, 200]
