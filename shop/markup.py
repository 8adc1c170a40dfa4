"""Text of merchants, shown as HTML: a few tags that shape a description, and nothing that does something.

    typed ─► nh3 (a parser as browsers have one) ─► only TAGS, no attribute ─► safe to put into a page

A list of what is allowed, not of what is bad: what a browser will run in ten years stands on no list today. It is
applied when the text is shown, so that what is in the table already is covered, and a mistake here can be mended
for all. What buyers write may hold no tag at all: their words are escaped like everything else in a template.

Roadmap: security/xss, security/output-encoding
"""

import nh3
from django.utils.safestring import SafeString

TAGS = frozenset({"p", "br", "strong", "em", "ul", "ol", "li"})
#: Of these not even the text is of interest.
GONE_WITH_THEIR_TEXT = frozenset({"script", "style", "template", "title", "noscript", "iframe", "textarea"})
CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(GONE_WITH_THEIR_TEXT),
    attributes={},
    url_schemes=set(),
    link_rel=None,
    strip_comments=True,
)


def shaped(text: str) -> SafeString:
    """Return HTML that holds the text and of its tags only TAGS. Costs some microseconds for a description."""
    return SafeString(CLEANER.clean(text))  # nosec B703 - what the cleaner has let through is all that is called safe
