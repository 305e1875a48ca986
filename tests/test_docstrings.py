"""Every public object has a docstring with its parameters, their defaults, an example and, of a method, its source."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import fer_features
from fer_features.classifiers import CLASSIFIERS
from fer_features.extractors import EXTRACTORS

SUBPACKAGES = (
    "workflow",
    "datasets",
    "extractors",
    "classifiers",
    "evaluation",
    "model_selection",
    "explain",
    "audit",
    "data_profile",
    "recognition",
    "faces",
    "synthetic",
)
API_PAGE = Path(fer_features.__file__).parents[1] / "docs" / "api" / "index.rst"

#: Public objects other than extractors, classifiers and functions of arrays whose method has been published.
PUBLISHED_METHODS = (
    "check",
    "compare",
    "classifiers.CalibratedPipeline",
    "classifiers.SoftVoting",
    "explain.feature_contributions",
    "explain.occlusion_sensitivity",
    "extractors.Align",
    "faces.FaceDetector",
    "faces.Landmarker",
    "faces.RegressionTreeLandmarker",
)

#: Extractors, classifiers and functions of arrays without a published source: their docstrings define the method.
OWN_METHODS = {
    "extract_patches",
}


def functions_of_arrays():
    """The objects of the last section of the API reference, by their path below the package."""
    section = API_PAGE.read_text().partition("Functions of arrays\n----")[2]
    for path in re.findall(r"^   ([a-z][\w.]+)$", section, re.MULTILINE):
        module, _, name = path.rpartition(".")
        yield path, getattr(importlib.import_module(f"fer_features.{module}"), name)


def public_objects():
    """Path below the package -> class or function, each object once."""
    found = {}
    for module in (fer_features, *(importlib.import_module(f"fer_features.{name}") for name in SUBPACKAGES)):
        for name in module.__all__:
            if callable(value := getattr(module, name)):
                found.setdefault(value, f"{module.__name__.partition('.')[2]}.{name}".lstrip("."))
    for kind in (spec.extractor_class for spec in EXTRACTORS.values()):
        found.setdefault(kind, f"{kind.__module__}.{kind.__name__}".removeprefix("fer_features."))
    for path, function in functions_of_arrays():
        found.setdefault(function, path)
    return {path: value for value, path in found.items()}


PUBLIC = public_objects()
FUNCTIONS_OF_ARRAYS = dict(functions_of_arrays())
METHODS = {
    **{kind.__name__: kind for kind in (spec.extractor_class for spec in EXTRACTORS.values())},
    **{
        kind.__name__: kind
        for kind in (type(spec.steps(0)[-1][1]) for spec in CLASSIFIERS.values())
        if kind.__module__.startswith("fer_features")
    },
    **{path.rpartition(".")[2]: function for path, function in FUNCTIONS_OF_ARRAYS.items()},
    **{path.rpartition(".")[2]: PUBLIC[path] for path in PUBLISHED_METHODS},
}


def sections(text):
    """Title -> content of the sections of a docstring."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entries(value):
    """Name -> header and description of each parameter or attribute; a class inherits those of its base classes."""
    found = {}
    for text in [inspect.getdoc(kind) or "" for kind in (inspect.getmro(value) if inspect.isclass(value) else [value])]:
        for title in ("Parameters", "Attributes"):
            for entry in re.split(r"\n(?=\S)", sections(text).get(title, "").strip("\n")):
                for name in re.split(r",\s*", entry.partition("\n")[0].partition(" : ")[0]):
                    found.setdefault(name.lstrip("*"), entry)
    return found


def parameters(value):
    """Parameters of a call, without those that another package defines."""
    if inspect.isclass(value):
        if not getattr(value.__init__, "__module__", "").startswith("fer_features"):
            return []
        value = value.__init__
    return [p for p in inspect.signature(value).parameters.values() if p.name not in ("self", "cls")]


def missing_examples(value):
    """Whether the docstring lacks an example that can be run."""
    return ">>>" not in sections(inspect.getdoc(value) or "").get("Examples", "")


def undocumented_parameters(value):
    """Names of the parameters that the docstring does not describe."""
    documented = entries(value)
    return [p.name for p in parameters(value) if p.name not in documented]


def states_default(entry, default):
    """Whether the text of a parameter states its default, or refers to another function that describes it."""
    header, _, body = entry.partition("\n")
    if re.match(r"\s*(See|As in) `", body):
        return True
    if default is None:
        return bool(re.search(r"\boptional\b|\bor None\b|\bdefault[ =]None\b|: None$", header))
    stated = re.search(r"\bdefault[ =](.+)$", header)
    if stated is None:
        return not isinstance(default, bool | int | float | str | tuple) and "optional" in header
    try:
        return ast.literal_eval(stated[1]) == default
    except (ValueError, SyntaxError):
        return False


def wrong_defaults(value):
    """Names of the parameters whose default the docstring does not state."""
    documented = entries(value)
    optional = [p for p in parameters(value) if p.default is not p.empty and p.name in documented]
    return [p.name for p in optional if not states_default(documented[p.name], p.default)]


def public_methods(kind):
    """Methods of a class that it defines itself."""
    members = [value for name, value in vars(kind).items() if not name.startswith("_")]
    return [value for m in members if inspect.isfunction(value := inspect.unwrap(getattr(m, "__func__", m)))]


def lacks_source(value):
    """Whether the docstring names no publication that can be found."""
    return not re.search(r"doi:10\.|doi\.org/10\.|https?://|ISBN", inspect.getdoc(value) or "")


each = pytest.mark.parametrize("path", PUBLIC)


@each
def test_a_public_object_has_an_example(path):
    assert not missing_examples(PUBLIC[path])


@each
def test_every_parameter_is_documented(path):
    assert undocumented_parameters(PUBLIC[path]) == []


@each
def test_defaults_are_those_of_the_signature(path):
    assert wrong_defaults(PUBLIC[path]) == []


@pytest.mark.parametrize("path", [path for path, value in PUBLIC.items() if inspect.isclass(value)])
def test_public_methods_are_documented(path):
    for method in public_methods(PUBLIC[path]):
        text = inspect.getdoc(method) or ""
        assert text, method.__name__
        if "Parameters" in sections(text):
            assert undocumented_parameters(method) == [], method.__name__
            # That `y` can be omitted is a convention of scikit-learn.
            assert set(wrong_defaults(method)) <= {"y"}, method.__name__


@pytest.mark.parametrize("name", METHODS)
def test_a_method_names_its_source(name):
    assert lacks_source(METHODS[name]) == (name in OWN_METHODS)


def test_the_api_reference_lists_every_public_object():
    pages = re.split(r"^\.\. currentmodule:: fer_features\.?(.*)$", API_PAGE.read_text(), flags=re.MULTILINE)
    listed = [
        f"{module}.{name}".lstrip(".")
        for module, text in zip(pages[1::2], pages[2::2], strict=True)
        for name in re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)
    ]
    assert sorted(listed) == sorted(PUBLIC)


def test_faults_of_a_docstring_are_found():
    def wrong(a, b=1, c="x", d=None, e=2):
        """Do nothing.

        Parameters
        ----------
        b : int, default 2
        c : str
        d : str
        e : int, default=2
            Source: doi 10.1000.

        Notes
        -----
        >>> 1
        1
        """

    assert missing_examples(wrong)
    assert undocumented_parameters(wrong) == ["a"]
    assert wrong_defaults(wrong) == ["b", "c", "d"]
    assert lacks_source(wrong)
