"""Check the pages of a built site: links within it lead somewhere, and nothing is loaded from other hosts.

python docs/check_site.py docs/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes from which a browser loads something by itself.
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("source", "src"), ("iframe", "src"), ("video", "src")}
#: Relations of <link> that are not loaded.
NOT_LOADED = {"canonical", "index", "search", "next", "prev", "author", "copyright", "glossary"}


class Page(HTMLParser):
    """Identifiers, links and loaded files of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Collect the attributes of an element."""
        values = dict(attrs)
        self.ids |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.add(values["href"])
        for key in ("src", "href"):
            if (tag, key) in LOADED and values.get(key) and values.get("rel") not in NOT_LOADED:
                self.loaded.add(values[key])


def faults(folder):
    """One line for each fault of the pages below a folder."""
    files = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in files}
    if not pages:
        yield f"{folder}: contains no page"
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for address in sorted(page.links | page.loaded):
            parts = urlsplit(address)
            if parts.scheme in ("http", "https") or parts.netloc:
                if address in page.loaded:
                    yield f"{name}: loads {address} from another host"
            elif not parts.scheme:
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                if not target.exists():
                    yield f"{name}: link to {address}, which does not exist"
                elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                    yield f"{name}: link to {address}, but the page has no such section"


def main(arguments):
    """Print the faults; returns the exit code."""
    found = list(faults(Path(arguments[0])))
    print("\n".join(found) or f"{arguments[0]}: all links lead somewhere, and nothing is loaded from other hosts")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
