"""`docs/api/shop.http`, sent from top to bottom to a running shop: each request gets the status that it says."""

from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.http_file import Sender

FILE = Path(__file__).resolve().parent.parent / "docs" / "api" / "shop.http"


@pytest.mark.serial
@pytest.mark.roadmap("foundations/http-clients")
def test_every_request_of_the_file_is_answered_as_it_says(shop_stack: Stack) -> None:
    sender = Sender(FILE, shop=shop_stack.url)

    answers = [(request.title, request.expected, sender.send(request)) for request in sender.requests]

    assert len(answers) == 13
    for title, expected, answer in answers:
        assert answer.status_code == expected, f"{title}: {answer.text}"


@pytest.mark.serial
def test_status_that_the_file_does_not_say_is_noticed(shop_stack: Stack, tmp_path: Path) -> None:
    changed = tmp_path / "changed.http"
    changed.write_text(FILE.read_text().replace("# expect 404", "# expect 200"))
    sender = Sender(changed, shop=shop_stack.url)

    wrong = [one.title for one in sender.requests[:4] if sender.send(one).status_code != one.expected]

    assert wrong == ["A thing that nobody sells"]
