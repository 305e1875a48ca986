"""Tests of the structure of the package: imports only point down, importing has no effects, docstrings exist."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fer_features

ROOT = Path(fer_features.__file__).parent

#: Layers, the top first, and whether modules of a layer can import each other. A module can import from lower layers.
LAYERS = [
    ({"cli", "run", "__main__"}, True),
    ({"live"}, False),
    ({"workflow"}, False),
    ({"training"}, False),
    ({"experiment"}, False),
    ({"trained_model"}, False),
    ({"reports"}, False),
    ({"plotting"}, False),
    ({"audit", "data_profile", "explain"}, False),
    ({"model_conversion", "model_selection", "recognition"}, False),
    ({"evaluation", "persistence"}, False),
    ({"inputs", "front_end"}, True),
    ({"pipelines", "presets", "trusted_types"}, True),
    ({"extractors", "classifiers"}, False),
    ({"datasets"}, False),
    ({"faces", "synthetic", "media"}, False),
    ({"samples"}, False),
    ({"vision"}, False),
    (
        {
            "_atomic",
            "_cluster",
            "_cluster_connection",
            "_cluster_tasks",
            "_csv",
            "_files",
            "_markdown",
            "_model_files",
            "_parallel",
            "_progress",
            "_result_folder",
            "_serialization",
            "_skops_files",
            "_text",
            "_threads",
            "exceptions",
            "expressions",
            "manifest",
            "version",
        },
        True,
    ),
]
LEVEL = {unit: i for i, (units, _) in enumerate(LAYERS) for unit in units}


def find_modules():
    """Dotted name below the package -> path, of every module; '' is the package itself."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = find_modules()


def is_type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(name, type_checking=True):
    """Modules of the package that a module imports, dotted below the package.

    Imports within functions count, and by default those below ``if TYPE_CHECKING``. The modules that the package itself
    imports lazily, by a string, are among the latter: `tests/test_public_api.py` compares them.
    """
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    package = [part for part in package if part]
    tree = ast.parse(path.read_text())
    if not type_checking:
        tree.body = [node for node in tree.body if not is_type_checking(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
            targets = [target[1:] for target in targets if target[0] == "fer_features"]
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".") if node.module else []
            if node.level:
                base = package[: len(package) - node.level + 1] + base
            elif base[:1] == ["fer_features"]:
                base = base[1:]
            else:
                continue
            # `from . import x` can import a module x or a name of the package.
            targets = [[*base, a.name] if ".".join([*base, a.name]) in MODULES else base for a in node.names]
        else:
            continue
        yield from {".".join(target) for target in targets} - {name}


def unit(name):
    """The name in LAYERS: a package or module of the top level."""
    return name.split(".")[0]


UNITS = sorted({unit(name) for name in MODULES} - {""})


def test_every_module_has_a_layer():
    assert not set(UNITS) - set(LEVEL), "add these to LAYERS"
    assert not set(LEVEL) - set(UNITS), "these are in LAYERS and not in the package"


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_imports_only_point_down(name):
    here = unit(name)
    for target in imports(name):
        there = unit(target)
        assert there, f"{name} imports the package itself, which imports modules of all layers"
        if there == here:
            continue
        same_layer = LEVEL[there] == LEVEL[here] and LAYERS[LEVEL[here]][1]
        assert LEVEL[there] > LEVEL[here] or same_layer, f"{name} imports {target}, which is not in a lower layer"


def test_all_forms_of_imports_are_found():
    # below `if TYPE_CHECKING`
    assert {"datasets", "exceptions", "evaluation", "persistence", "pipelines", "samples.table"} <= set(imports(""))
    # from .x import; from ..x import, within a function
    assert {"cli._parser", "workflow.experiments"} <= set(imports("cli.run"))
    # from ..x import, from .x import
    assert {"vision.hog", "extractors.appearance"} <= set(imports("extractors.hog"))
    assert "datasets.fer22" in set(imports("datasets.dataset_registry"))


@pytest.mark.parametrize("name", [name for name in MODULES if unit(name) == "vision"])
def test_vision_imports_only_vision(name):
    assert {unit(target) for target in imports(name)} <= {"vision"}


@pytest.mark.parametrize(("here", "there"), [("extractors", "classifiers"), ("classifiers", "extractors")])
def test_extractors_and_classifiers_do_not_import_each_other(here, there):
    reached = {target for name in MODULES if unit(name) == here for target in imports(name)}
    assert there not in {unit(target) for target in reached}


def test_imports_have_no_cycle():
    graph = {name: set(imports(name, type_checking=False)) & set(MODULES) - {"", name} for name in MODULES if name}
    # Modules that import none of the others, or that none of the others imports, are in no cycle.
    while True:
        imported = set().union(*graph.values())
        rest = {name for name, targets in graph.items() if targets and name in imported}
        if rest == set(graph):
            break
        graph = {name: graph[name] & rest for name in rest}
    assert not graph, "these modules import each other"


def run_python(code, folder, **environment):
    """Standard output of a program, which must end with exit code 0 and print no error."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_has_no_side_effects(tmp_path):
    code = (
        "import sys, threading, warnings, random, numpy\n"
        "threads, filters = threading.active_count(), list(warnings.filters)\n"
        "state = numpy.random.get_state()[1].tolist(), random.getstate()\n"
        "import fer_features\n"
        "assert list(warnings.filters) == filters, 'filters'\n"
        "from fer_features import *\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
        "assert threading.active_count() == threads, 'threads'\n"
        "assert (numpy.random.get_state()[1].tolist(), random.getstate()) == state, 'random state'\n"
        "import sklearn; print(sklearn.get_config()['enable_metadata_routing'])\n"
    )
    home = tmp_path / "home"
    here = tmp_path / "here"
    home.mkdir()
    here.mkdir()
    assert run_python(code, here, HOME=str(home), TMPDIR=str(home)) == "False\n"
    assert list(home.rglob("*")) + list(here.rglob("*")) == []


def test_importing_every_module_prints_nothing_and_writes_nothing(tmp_path):
    names = [f"fer_features.{name}" for name in MODULES if name and not name.endswith("__main__")]
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    code += "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
    assert run_python(code, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def public(body, prefix=""):
    """Name and node of every public class, function and method; without declarations of overloads."""
    for node in body:
        overload = any(isinstance(d, ast.Name) and d.id == "overload" for d in getattr(node, "decorator_list", ()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not overload:
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


@pytest.mark.parametrize("name", MODULES)
def test_public_names_have_docstrings(name):
    tree = ast.parse(MODULES[name].read_text())
    missing = [what for what, node in public(tree.body) if not ast.get_docstring(node)]
    assert ast.get_docstring(tree), "the module has no docstring"
    assert missing == []


#: Packages whose modules are named after what they show or call, so that a name may occur in several of them.
VIEWS = {"cli", "reports", "plotting"}


def test_module_names_are_unique():
    """A descriptor is a formula and an extractor of the same name; commands, reports and figures may share names."""
    by_name = {}
    for name in MODULES:
        package, _, module = name.rpartition(".")
        if package and package not in VIEWS:
            by_name.setdefault(module, []).append(package)
    repeated = {name: found for name, found in by_name.items() if len(found) > 1}
    assert {name: found for name, found in repeated.items() if sorted(found) != ["extractors", "vision"]} == {}


def test_names_of_public_classes_and_functions_are_unique():
    """In the commands each module has the functions `parser`, `main` and one that runs it."""
    by_name = {}
    for name, path in MODULES.items():
        if unit(name) != "cli":
            for what, _ in public(ast.parse(path.read_text()).body):
                if "." not in what:
                    by_name.setdefault(what, []).append(name)
    assert {what: found for what, found in by_name.items() if len(found) > 1} == {}


def test_no_package_holds_more_than_a_fifth_of_the_lines():
    lines = {}
    for name, path in MODULES.items():
        lines[unit(name)] = lines.get(unit(name), 0) + len(path.read_text().splitlines())
    assert max(lines.values()) <= 0.2 * sum(lines.values()), lines
