"""Parsing of HTML pages in tests, and what every page must satisfy."""

import re
from html.parser import HTMLParser

#: Elements without an end tag.
VOID = {"meta", "img", "br", "line", "polygon", "polyline"}


class Page(HTMLParser):
    """The elements and the text of a page; fails where an element is not closed.

    Attributes
    ----------
    elements : list of (str, dict)
        Tag and attributes.
    open : list of str
        Tags of the elements that are not closed.
    text : str
    """

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        """Attributes of all elements with this tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def check_page(text):
    """Check that a page is complete, self-contained, accessible and consistently linked; returns the parsed page."""
    page = Page(text)
    assert page.open == []
    assert len(text.encode()) < 3e6
    assert page.all("html") == [{"lang": "en"}]
    assert "width=device-width" in str(page.all("meta"))
    assert re.search(r"<title>[^<]+</title>", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    for image in page.all("img"):
        assert image["alt"].strip()
        assert image["src"].startswith("data:image/")
        assert int(image["width"]) > 0
    for chart in page.all("svg"):
        assert chart["role"] == "img"
        assert chart["aria-label"].strip()
    assert not re.search(r"https?://|<script|@import|url\(|<link|<iframe", text)
    assert not re.search(r"\b(nan|None|inf)\b", page.text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {link["href"] for link in page.all("a")}
    assert links == {f"#{section}" for section in ids}
    return page
