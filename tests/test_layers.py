"""The shape of the package: imports only point down, importing does nothing, everything public says what it is."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fer_features

ROOT = Path(fer_features.__file__).parent

#: From the top. A module may import from its own line only where that line is marked, and from any line below.
LAYERS = [
    ({"cli", "run", "__main__"}, True),
    ({"reports"}, False),
    ({"plotting"}, False),
    ({"audit", "data_profile", "explain"}, False),
    ({"model_selection", "recognition"}, False),
    ({"evaluation", "persistence"}, False),
    ({"pipelines"}, False),
    ({"extractors", "classifiers"}, False),
    ({"datasets"}, False),
    ({"faces", "synthetic"}, False),
    ({"samples"}, False),
    ({"vision"}, False),
    ({"_atomic", "_progress", "exceptions", "expressions", "version"}, True),
]
LEVEL = {unit: i for i, (units, _) in enumerate(LAYERS) for unit in units}


def modules():
    """Dotted name below the package -> path, of every module; '' is the package itself."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name):
    """Modules of ours that a module imports anywhere in it, dotted below the package."""
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(ast.parse(path.read_text())):
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
            # `from . import x` may mean a module x or a name in the package.
            targets = [[*base, a.name] if ".".join([*base, a.name]) in MODULES else base for a in node.names]
        else:
            continue
        yield from {".".join(target) for target in targets} - {name}


def unit(name):
    """The name in LAYERS: a top-level package or module."""
    return name.split(".")[0]


UNITS = sorted({unit(name) for name in MODULES} - {""})


def test_every_module_stands_in_a_layer():
    assert not set(UNITS) - set(LEVEL), "give these a layer in LAYERS"
    assert not set(LEVEL) - set(UNITS), "these are in LAYERS and not in the package"


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_imports_only_point_down(name):
    here = unit(name)
    for target in imports(name):
        there = unit(target)
        assert there, f"{name} imports the package itself, which imports everything"
        if there == here:
            continue
        beside = LEVEL[there] == LEVEL[here] and LAYERS[LEVEL[here]][1]
        assert LEVEL[there] > LEVEL[here] or beside, f"{name} imports {target}, which stands above or beside it"


def test_the_reader_of_imports_sees_every_way_to_write_one():
    assert {"datasets", "exceptions", "evaluation", "persistence", "pipelines", "samples.table"} <= set(imports(""))
    # from . import, from .x import
    assert {"cli._parser", "cli.list_components", "evaluation.cross_validation"} <= set(imports("cli.run"))
    assert "vision.geometry" in set(imports("vision.displacement"))  # from fer_features.vision.geometry import
    assert {"vision.hog", "extractors.appearance"} <= set(imports("extractors.hog"))  # from ..x, from .x
    assert {"synthetic", "datasets.fer22"} <= set(imports("datasets"))


@pytest.mark.parametrize("name", [name for name in MODULES if unit(name) == "vision"])
def test_vision_knows_nothing_of_ours(name):
    assert {unit(target) for target in imports(name)} <= {"vision"}


@pytest.mark.parametrize(("here", "there"), [("extractors", "classifiers"), ("classifiers", "extractors")])
def test_extractors_and_classifiers_do_not_know_each_other(here, there):
    reached = {target for name in MODULES if unit(name) == here for target in imports(name)}
    assert there not in {unit(target) for target in reached}


def test_no_module_imports_itself_by_a_detour():
    graph = {name: set(imports(name)) & set(MODULES) - {""} for name in MODULES if name}
    while leaves := {name for name, targets in graph.items() if not targets - {name}}:
        graph = {name: targets - leaves for name, targets in graph.items() if name not in leaves}
    assert not graph, "these import each other in a circle, or import one that does"


def test_importing_has_no_side_effects(tmp_path):
    code = (
        "import sys, threading, warnings, random, numpy\n"
        "threads, filters = threading.active_count(), list(warnings.filters)\n"
        "state = numpy.random.get_state()[1].tolist(), random.getstate()\n"
        "import fer_features\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
        "assert threading.active_count() == threads, 'threads'\n"
        "assert (numpy.random.get_state()[1].tolist(), random.getstate()) == state, 'random state'\n"
        "import sklearn; print(sklearn.get_config()['enable_metadata_routing'])\n"
    )
    home = tmp_path / "home"
    here = tmp_path / "here"
    home.mkdir()
    here.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=here, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert list(home.rglob("*")) + list(here.rglob("*")) == []


def test_importing_every_module_prints_nothing_and_writes_nothing(tmp_path):
    names = [f"fer_features.{name}" for name in MODULES if name and not name.endswith("__main__")]
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    code += "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def public(body, prefix=""):
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_has_a_docstring(name):
    tree = ast.parse(MODULES[name].read_text())
    bare = [what for what, node in public(tree.body) if not ast.get_docstring(node)]
    assert ast.get_docstring(tree), "the module has none"
    assert bare == []
