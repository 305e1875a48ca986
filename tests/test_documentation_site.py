"""Sources of the documentation site: examples, pages in the navigation, the check of links, and the API reference."""

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import fer_features
from fer_features.extractors import EXTRACTORS

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = sorted(path for path in (DOCS / "examples").glob("*.py"))
#: Folders of files that the build makes.
GENERATED = ("_build", "gallery", "generated", "examples")


def gallery_order():
    """Value of ORDER in the settings of the gallery, which need Sphinx-Gallery to be imported."""
    tree = ast.parse((DOCS / "_extensions" / "gallery_support.py").read_text(encoding="utf-8"))
    (value,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "ORDER")
    return ast.literal_eval(value)


@pytest.fixture(scope="module")
def check_site():
    spec = importlib.util.spec_from_file_location("check_site", DOCS / "check_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_has_title_cells_and_a_link_to_a_page(path):
    text = path.read_text(encoding="utf-8")
    title, underline, *_ = ast.get_docstring(ast.parse(text)).splitlines()
    assert underline == "=" * len(title)
    assert 2 <= len(re.findall(r"(?m)^# %%$", text)) <= 6
    pages = re.findall(r":doc:`(?:[^`<]*<)?/([^`>]+)>?`", text)
    assert pages
    for page in pages:
        assert any((DOCS / f"{page}{suffix}").exists() for suffix in (".md", ".rst")), page


def test_gallery_order_lists_all_examples():
    assert sorted(gallery_order()) == [path.stem for path in EXAMPLES]


def test_examples_read_no_files_of_the_user():
    for path in EXAMPLES:
        paths = re.findall(r"load_dataset\(([^)]*)\)", path.read_text(encoding="utf-8"))
        assert all(argument == '"demo"' or argument.startswith("root") for argument in paths), path


def toctree_entries(page):
    """Pages below docs that the navigation of a page lists, as paths without suffix."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    blocks += re.findall(r"\.\. toctree::\n((?:\s+.*\n|\n)*)", text)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    entries = [line for line in lines if line and not line.startswith(":")]
    return {(page.parent / entry).relative_to(DOCS).as_posix() for entry in entries}


def test_every_page_is_in_a_toctree():
    pages = {
        path.relative_to(DOCS).with_suffix("").as_posix(): path
        for suffix in ("md", "rst")
        for path in DOCS.rglob(f"*.{suffix}")
        if not any(part.startswith(GENERATED) or part == "_templates" for part in path.relative_to(DOCS).parts)
    }
    listed = {entry for path in pages.values() for entry in toctree_entries(path)}
    assert listed - set(pages) == {"gallery/index"}
    assert set(pages) - listed == {"index"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="b.html#there">b</a><img src="b.html">', None),
        ('<a href="https://example.org">elsewhere</a>', None),
        ('<link rel="canonical" href="https://example.org">', None),
        ('<a href="absent.html">absent</a>', "link to absent.html, which does not exist"),
        ('<img src="absent.png">', "link to absent.png, which does not exist"),
        ('<a href="b.html#absent">b</a>', "link to b.html#absent, but the page has no such section"),
        ('<a href="#absent">here</a>', "link to #absent, but the page has no such section"),
        ('<script src="https://example.org/a.js"></script>', "loads https://example.org/a.js from another host"),
        ('<img src="//example.org/a.png">', "loads //example.org/a.png from another host"),
        ('<link rel="stylesheet" href="http://example.org/a.css">', "loads http://example.org/a.css from another host"),
    ],
)
def test_check_of_links(check_site, tmp_path, body, fault, capsys):
    (tmp_path / "a.html").write_text(f"<html><body>{body}</body></html>")
    (tmp_path / "b.html").write_text('<html><body><h1 id="there">b</h1></body></html>')
    assert list(check_site.faults(tmp_path)) == ([] if fault is None else [f"a.html: {fault}"])
    assert check_site.main([str(tmp_path)]) == (0 if fault is None else 1)
    assert capsys.readouterr().out


def test_check_of_links_refuses_a_folder_without_pages(check_site, tmp_path):
    assert check_site.main([str(tmp_path)]) == 1


def documented_objects():
    """Objects that the API reference lists."""
    found, module = [], None
    for line in (DOCS / "api" / "index.rst").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif module and (match := re.fullmatch(r" {3}([A-Za-z_][\w.]*)", line)):
            path, _, name = f"{module}.{match[1]}".rpartition(".")
            found.append(getattr(importlib.import_module(path), name))
    return found


def test_api_reference_lists_every_public_class_and_function():
    documented = {id(value) for value in documented_objects()}
    packages = [fer_features]
    for module in pkgutil.iter_modules(fer_features.__path__, "fer_features."):
        if module.ispkg:
            packages.append(importlib.import_module(module.name))
    missing = {
        f"{package.__name__}.{name}"
        for package in packages
        for name in getattr(package, "__all__", ())
        # Registries and constants have no page of their own.
        if inspect.isroutine(getattr(package, name)) or inspect.isclass(getattr(package, name))
        if id(getattr(package, name)) not in documented
    }
    missing |= {
        spec.extractor_class.__name__ for spec in EXTRACTORS.values() if id(spec.extractor_class) not in documented
    }
    assert not missing


def test_feature_page_describes_every_extractor():
    text = (DOCS / "explanation" / "features.md").read_text(encoding="utf-8")
    assert not [name for name in EXTRACTORS if f"`{name}`" not in text]


def test_lengths_on_the_feature_page():
    """The table of the page gives the number of features for the default crop of 128 x 160 pixels."""
    text = (DOCS / "explanation" / "features.md").read_text(encoding="utf-8")
    lengths = {}
    for names, numbers in re.findall(r"(?m)^\| (`[^|]+) \|[^|]+\| \[[^|]+\| ([\d, ]+) \|$", text):
        names, numbers = re.findall(r"`(\w+)`", names), [int(n.replace(",", "")) for n in numbers.split(", ")]
        lengths |= dict(zip(names, numbers if len(numbers) > 1 else numbers * len(names), strict=True))
    for name, spec in EXTRACTORS.items():
        extractor = spec.make()
        extractor.input_shape_ = 2, 160, 128
        assert lengths[name] == len(extractor.feature_names()), name


def test_parameters_on_the_feature_page_exist():
    """Names in the first column of a table of parameters are parameters of an extractor."""
    text = (DOCS / "explanation" / "features.md").read_text(encoding="utf-8")
    tables = re.findall(r"\| parameter \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    rows = [row for table in tables for row in table.splitlines()]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    known = {name for spec in EXTRACTORS.values() for name in spec.make().get_params()}
    assert named
    assert not named - known


def test_extensions_of_the_site_can_be_imported(monkeypatch):
    for package in ("sphinx", "sphinx_gallery", "latex2mathml"):
        pytest.importorskip(package, reason="the packages of the documentation are not installed")
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    support = importlib.import_module("gallery_support")
    order = support.GalleryOrder("")
    assert sorted(support.ORDER, key=lambda name: order(f"{name}.py")) == list(support.ORDER)
    EXTRACTORS["example"] = EXTRACTORS["hog"]
    support.restore_registries({}, "")
    assert "example" not in EXTRACTORS
    assert "hog" in EXTRACTORS
