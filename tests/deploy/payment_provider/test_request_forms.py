"""How a form becomes a typed request, and that the document says what the types say; without a running provider."""

import pytest

from deploy.payment_provider.app import create_app
from deploy.payment_provider.errors import Refusal
from deploy.payment_provider.forms import CreateIntent, unfold

pytestmark = pytest.mark.roadmap("frameworks/fastapi")


def test_names_in_brackets_become_nested_values():
    pairs = [("amount", "4200"), ("metadata[order]", "R-7"), ("metadata[payment]", "5f0c"), ("types[]", "card")]

    assert unfold(pairs) == {
        "amount": "4200",
        "metadata": {"order": "R-7", "payment": "5f0c"},
        "types": {"0": "card"},
    }


@pytest.mark.parametrize("pairs", [[("amount[", "1")], [("", "1")], [("a", "1"), ("a[b]", "2")]])
def test_name_that_makes_no_sense_is_refused(pairs):
    with pytest.raises(Refusal):
        unfold(pairs)


def test_document_says_what_the_types_say():
    post = create_app({}).openapi()["paths"]["/v1/payment_intents"]["post"]

    documented = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert documented.keys() == CreateIntent.model_fields.keys()
    assert (documented["amount"]["minimum"], documented["amount"]["maximum"]) == (50, 99_999_999)
