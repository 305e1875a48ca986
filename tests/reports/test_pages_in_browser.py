"""Tests of all report pages in a browser: on a phone and a desktop, in both themes, and printed."""

import pytest

from fer_features import inspect_data
from fer_features.reports.data_profile import data_profile_page

from .browser import Browser, find_browser

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium or Chrome is installed: pages are not tested in a browser"
)

#: Background of a page, for the dark theme and the light one.
BACKGROUND = {True: "rgb(20, 23, 27)", False: "rgb(255, 255, 255)"}

SMALLEST_FONT = """Math.min(...[...document.querySelectorAll('p, td, dd, span, figcaption')]
    .map(e => parseFloat(getComputedStyle(e).fontSize)))"""

#: Smallest ratio of the luminances of text and background, of all elements with text of their own (WCAG 2.1).
LOWEST_CONTRAST = """(() => {
    const light = c => { const v = c.map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
                         return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
    const rgb = s => s.match(/[\\d.]+/g).map(Number);
    const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                          if (c.length < 4 || c[3] === 1) return c; } };
    const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const every = [...document.querySelectorAll('body *:not(svg *):not(.matrix td):not(.matrix small)')];
    return Math.min(...every.filter(own)
        .map(e => [light(rgb(getComputedStyle(e).color)), light(ground(e))])
        .map(([a, b]) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05)));
})()"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(hog_page, toys, command_folders, tmp_path_factory):
    """Paths of the pages, by kind."""
    paths = {name: command_folders[name] / "report.html" for name in ("run", "search", "check", "compare")}
    folder = tmp_path_factory.mktemp("pages")
    for name, text in {"images": hog_page, "inspect": data_profile_page(inspect_data(toys))}.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(text, encoding="utf-8")
    return paths


@pytest.mark.parametrize("name", ["images", "run", "search", "check", "compare", "inspect"])
def test_a_page_fits_the_screen_and_is_readable(browser, pages, name):
    for width in (390, 1280):
        for dark in (False, True):
            browser.open(pages[name], width, dark)
            assert browser.errors() == []
            assert browser.requests() == []
            assert browser.value("innerWidth") == width
            assert browser.value("document.documentElement.scrollWidth") <= width
            assert browser.value("getComputedStyle(document.body).backgroundColor") == BACKGROUND[dark]
            assert browser.value("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)")
            assert browser.value(SMALLEST_FONT) >= 12
            assert browser.value(LOWEST_CONTRAST) >= 4.5
    assert browser.pdf().startswith(b"%PDF")
