"""Model files in the format of skops: round trips, and hostile files, which are refused before anything runs."""

import hashlib
import io
import json
import pickle
import stat
import struct
import tracemalloc
import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import DataInfo, FerError, Samples, cli, load_model, make_pipeline, save_model
from fer_features._skops_files import PLAIN_TYPES, dump_skops, load_skops
from fer_features.faces import FaceDetector, Landmarker, load_landmarker
from fer_features.trusted_types import trusted_types
from fer_features.vision.cascaded_regression import CascadeStage

from .conftest import draw_clips
from .skops_archives import (
    array_node,
    dict_node,
    list_node,
    node,
    npy,
    object_node,
    packed,
    tuple_node,
    type_node,
    unpacked,
    value_node,
    with_attribute,
)

pytest.importorskip("skops", reason="the package skops, extra [safe], is not installed")

PIPELINE = "fer_features.classifiers.calibrated_pipeline.CalibratedPipeline"
BOOSTER = "xgboost.core.Booster"


@pytest.fixture(scope="module")
def fitted():
    """A fitted pipeline of single images, and its samples."""
    images, _, label, _ = draw_clips()
    X = Samples.from_arrays(images=images[:, -1], info=DataInfo(cropped=True))
    return make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, label), X


@pytest.fixture(scope="module")
def content(fitted):
    """The content of its file."""
    return dump_skops(fitted[0], trusted_types())


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "photo.png"
    cv2.imwrite(str(path), draw_clips()[0][0, -1])
    return path


@pytest.fixture
def refused(content, fitted, image, tmp_path, monkeypatch, capsys):
    """A function that checks that a file is refused by the command in one line, and runs nothing."""
    monkeypatch.chdir(tmp_path)
    path = save_model(fitted[0], tmp_path / "model.skops")

    def refused(hostile, message):
        path.write_bytes(hostile)
        manifest = json.loads(path.with_suffix(".json").read_text())
        manifest["sha256"] = {"skops": hashlib.sha256(hostile).hexdigest()}
        path.with_suffix(".json").write_text(json.dumps(manifest))
        before = sorted(tmp_path.iterdir())
        with pytest.raises(FerError, match=message):
            load_model(path)
        capsys.readouterr()
        assert cli.main(["predict", "--model", str(path), str(image), "--out", "out.csv", "--quiet"]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert printed.err.count("\n") == 1
        assert sorted(tmp_path.iterdir()) == before

    return refused


def touch(name="ran"):
    """A command that leaves a file."""
    return value_node(f"touch {name}")


def test_hostile_files_that_are_not_changed_are_loaded(content, fitted):
    # Otherwise the tests below could refuse files for another reason.
    model, X = fitted
    schema, entries = unpacked(content)
    for same in (packed(schema, entries), packed(schema, entries, zipfile.ZIP_STORED)):
        assert (load_skops(same, trusted_types()).decision_function(X) == model.decision_function(X)).all()
    extended = with_attribute(content, array_node("7.npy"), **{"7_npy": npy(np.arange(3.0))})
    assert load_skops(extended, trusted_types()).further.tolist() == [0, 1, 2]


#: Payload -> part of the message. Each would run something, or create an object of a foreign type.
FOREIGN_NODES = {
    "function os.system": (lambda: node("FunctionNode", "posix.system"), "FunctionNode of posix.system"),
    "call of os.system": (
        lambda: node(
            "PartialNode",
            "functools.partial",
            content={
                "func": node("FunctionNode", "os.system"),
                "args": tuple_node(touch()),
                "kwds": dict_node(),
                "namespace": value_node(None),
            },
        ),
        "PartialNode of functools.partial",
    ),
    "builtin eval": (lambda: type_node("builtins.eval"), "type builtins.eval"),
    "eval as type of a key": (
        lambda: dict_node(type_node("builtins.eval"), **{"__import__('os').system('touch ran')": value_node(1)}),
        "type builtins.eval",
    ),
    "object as type of a key": (
        lambda: node(
            "DictNode",
            "builtins.dict",
            key_types=list_node(object_node("fer_features.faces.detector.FaceDetector")),
            content={"image": value_node(1)},
        ),
        "keys have values as types",
    ),
    "class of another package": (lambda: object_node("subprocess.Popen", args=touch()), "type subprocess.Popen"),
    "estimator of another package": (
        lambda: object_node("sklearn.tree._classes.DecisionTreeClassifier", tree_=value_node(1)),
        "type sklearn.tree._classes.DecisionTreeClassifier",
    ),
    "other class of this package": (
        lambda: object_node("fer_features._result_folder.ResultFolder", path=value_node("x")),
        "type fer_features._result_folder.ResultFolder",
    ),
    "class within an allowed module": (lambda: object_node("fer_features.extractors.hog.np"), "extractors.hog.np"),
    "method of an allowed class": (
        lambda: node(
            "MethodNode", PIPELINE, content={"func": "fit", "obj": object_node(PIPELINE, steps=value_node([]))}
        ),
        "MethodNode",
    ),
    "methodcaller": (
        lambda: node("OperatorFuncNode", "operator.methodcaller", attrs=tuple_node(value_node("system"), touch())),
        "OperatorFuncNode",
    ),
    "constructor of an allowed class": (
        lambda: node(
            "ConstructorFromReduceNode",
            BOOSTER,
            content=tuple_node(value_node(None), value_node(None), value_node("/etc/passwd")),
        ),
        "ConstructorFromReduceNode",
    ),
    "subclass of dict": (lambda: {**dict_node(), "__class__": "Counter", "__module__": "collections"}, "Counter"),
    "list by a function": (lambda: {**list_node(touch()), "__class__": "system", "__module__": "os"}, "os.system"),
    "array by a function": (
        lambda: {**array_node("7.npy"), "__class__": "eval", "__module__": "builtins"},
        "type builtins.eval",
    ),
    "unhashable type": (lambda: {**list_node(), "__class__": ["list"]}, "contains the type"),
    "unhashable loader": (lambda: {**list_node(), "__loader__": {}}, "contains a"),
}


@pytest.mark.parametrize("name", FOREIGN_NODES)
def test_types_and_calls_that_models_do_not_have_are_refused(content, refused, name):
    make, message = FOREIGN_NODES[name]
    refused(with_attribute(content, make()), message)


def test_every_other_node_of_skops_is_refused(content):
    from skops.io._audit import NODE_TYPE_MAPPING

    others = {loader for loader, _ in NODE_TYPE_MAPPING} - {*PLAIN_TYPES, "ObjectNode"}
    assert len(others) > 10
    for loader in others:
        hostile = with_attribute(content, node(loader, PIPELINE, content=dict_node()))
        with pytest.raises(FerError, match=f"contains a {loader}"):
            load_skops(hostile, trusted_types())


@pytest.mark.parametrize(
    ("protocol", "message"),
    [(0, "protocol 0"), (1, "protocol 1"), (3, "protocol 3.* update"), (True, "True"), (None, "None"), ("2", "2")],
)
def test_other_versions_of_the_layout_are_refused_with_what_to_do(content, refused, protocol, message):
    schema, entries = unpacked(content)
    refused(packed({**schema, "protocol": protocol}, entries), f"written by skops .*{message}")


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9, 0.999])
def test_truncated_archives_are_refused(content, refused, fraction):
    refused(content[: int(fraction * len(content))], "is damaged")


def test_a_wrong_checksum_is_refused(content, refused):
    stored = bytearray(packed(*unpacked(content), zipfile.ZIP_STORED))
    stored[stored.index(b"NUMPY") + 1000] ^= 1
    refused(bytes(stored), "Bad CRC-32")


@pytest.mark.parametrize(
    "name",
    ["../7.npy", "/tmp/7.npy", "a/7.npy", "..\\7.npy", "C:7.npy", "7.py", " ", "x" * 3000],
)
def test_other_names_of_entries_are_refused(content, refused, name):
    schema, entries = unpacked(content)
    refused(packed(schema, [*entries.items(), (name, b"data")]), "has the entry|is damaged")


def test_repeated_entries_are_refused(content, refused):
    schema, entries = unpacked(content)
    with pytest.warns(UserWarning, match="Duplicate name"):
        hostile = packed(json.dumps(schema), [*entries.items(), ("schema.json", b"{}")])
    refused(hostile, "'schema.json' twice")


def test_links_are_refused(content, refused):
    schema, entries = unpacked(content)
    link = zipfile.ZipInfo("7.npy")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(packed(schema, [*entries.items(), (link, b"/etc/passwd")]), "has the entry '7.npy'")


def test_other_compressions_are_refused(content, refused):
    refused(packed(*unpacked(content), zipfile.ZIP_BZIP2), "another method than zlib")


def test_encrypted_entries_are_refused(content, refused):
    hostile = bytearray(content)
    hostile[content.index(b"PK\x01\x02") + 8] |= 1
    refused(bytes(hostile), "encrypted")


def peak_of_refusal(hostile, message):
    """Peak memory in bytes of an attempt to load a file."""
    tracemalloc.start()
    try:
        with pytest.raises(FerError, match=message):
            load_skops(hostile, trusted_types())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(content):
    schema, entries = unpacked(content)
    hostile = packed(schema, entries | {"7.npy": bytes(70_000_000)})
    assert peak_of_refusal(hostile, "would unpack to") < 10_000_000


def test_an_entry_with_more_than_it_declares_is_not_unpacked(content):
    size = 40_000_000
    hostile = with_attribute(content, array_node("7.npy"), **{"7_npy": bytes(size)})
    assert hostile.count(struct.pack("<I", size)) == 2
    hostile = hostile.replace(struct.pack("<I", size), struct.pack("<I", 500))
    assert peak_of_refusal(hostile, "is damaged|version of the format") < 10_000_000


def test_many_entries_are_refused(content, refused):
    schema, entries = unpacked(content)
    refused(packed(schema, entries | {f"{i}.npy": b"" for i in range(10, 10_010)}), "entries, more than 10000")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (npy(header={"shape": (10**12,)}), "declares the shape"),
        (npy(header={"shape": (2**62, 4)}), "declares the shape"),
        (npy(header={"shape": (-1, -8)}, data=bytes(64)), "declares the shape|is damaged"),
        (npy(header={"shape": (4,)}, data=bytes(31)), "declares the shape"),
        (npy(header={"shape": (4,)}, data=bytes(33)), "declares the shape"),
        (npy(header={"shape": (10**12,), "descr": "|S0"}), r"holds \|S0"),
        (npy(header={"shape": (1,), "descr": "|O"}, data=pickle.dumps([1])), "holds object"),
        (npy(header={"shape": (1,), "descr": [("a", "|O")]}, data=pickle.dumps([1])), "instead of numbers"),
        (pickle.dumps([1]), "is damaged"),
        (b"PK\x03\x04" + bytes(100), "is damaged"),
        (b"", "is damaged"),
        (b"\x93NUMPY\x03\x00" + bytes(100), "another version of the format"),
        (npy(np.arange(3))[:-1], "declares the shape"),
    ],
    ids=range(13),
)
def test_arrays_that_are_pickled_or_do_not_fit_their_size_are_refused(content, refused, file, message):
    refused(with_attribute(content, array_node("7.npy"), **{"7_npy": file}), message)


def laughs(levels=40):
    """A list of the same two lists of the same two lists, and so on: short in the file, endless for an audit."""
    inner = list_node(value_node(1))
    for _ in range(levels):
        inner = list_node(inner, {"__id__": inner["__id__"], "__loader__": "ListNode"})
    return inner


def cycle():
    outer = list_node()
    outer["content"] = [list_node({**list_node(), "__id__": outer["__id__"]})]
    return outer


def nested(levels):
    inner = value_node(1)
    for _ in range(levels):
        inner = list_node(inner)
    return inner


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (laughs, "more than 200000 nodes"),
        (cycle, "contain themselves"),
        (lambda: nested(100), "more than 60 levels"),
        (lambda: {**list_node(), "__id__": 0}, "without a number"),
        (lambda: {**list_node(), "__id__": True}, "without a number"),
        (lambda: {**list_node(), "__id__": 1.5}, "without a number"),
        (lambda: list_node(array_node("7.npy"), array_node("7.npy")), "used by two objects"),
        (lambda: array_node("8.npy"), "is missing"),
        (lambda: array_node("schema.json"), "another type"),
        (lambda: node("BytearrayNode", "builtins.bytearray", file="7.npy"), "another type"),
        (lambda: {**value_node(1), "content": "[" * 100_000}, "is damaged"),
        (lambda: {**value_node(1), "content": 3}, "is damaged"),
        (lambda: {**list_node(), "content": "text"}, "is damaged"),
        (lambda: {**dict_node(), "content": [1]}, "is damaged"),
        (lambda: {**array_node("7.npy"), "type": "json"}, "is damaged"),
        (lambda: {"__id__": 5}, "is damaged"),
        (lambda: 5, "is damaged"),
    ],
    ids=range(17),
)
def test_trees_that_are_endless_or_damaged_are_refused(content, refused, make, message):
    refused(with_attribute(content, make(), **{"7_npy": npy(np.arange(3.0))}), message)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("[" * 100_000, "is damaged"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "is damaged|protocol"),
        ("[]", "is damaged"),
        ("", "is missing, empty or larger"),
        (b"\xff\xfe{}", "is damaged"),
        (" " * 20_000_001, "is missing, empty or larger"),
    ],
    ids=range(6),
)
def test_other_texts_in_place_of_the_tree_are_refused(content, refused, schema, message):
    refused(packed(schema, unpacked(content)[1]), message)


def test_an_archive_without_a_tree_is_refused(content, refused):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("7.npy", npy(np.arange(3)))
    refused(buffer.getvalue(), "is missing, empty or larger")


def test_the_list_of_the_file_is_not_used(content, refused):
    hostile = with_attribute(content, object_node("subprocess.Popen", args=touch()))
    schema, entries = unpacked(hostile)
    schema["trusted"] = ["subprocess.Popen"]
    refused(packed(schema, entries), "type subprocess.Popen")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_changed_bytes_are_loaded_or_refused_in_one_line(content, data):
    hostile = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(hostile) - 1))
        hostile[position : position + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    message = ""
    try:
        load_skops(bytes(hostile), trusted_types())
    except FerError as error:
        message = str(error)
    assert "\n" not in message


def test_a_pickle_with_the_suffix_of_skops_is_refused(fitted, tmp_path):
    path = save_model(fitted[0], tmp_path / "model.joblib")
    renamed = path.rename(tmp_path / "model.skops")
    with pytest.raises(FerError, match="is not a file of skops"):
        load_model(renamed)


def test_the_content_decides_whatever_the_suffix(fitted, tmp_path, monkeypatch):
    import joblib

    path = save_model(fitted[0], tmp_path / "model.skops")
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    renamed = path.rename(tmp_path / "model.joblib")
    model, X = fitted
    assert load_model(renamed).predict(X).tolist() == model.predict(X).tolist()


def test_of_both_files_in_a_folder_that_of_skops_is_loaded(fitted, tmp_path):
    save_model(fitted[0], tmp_path / "model.skops")
    (tmp_path / "model.joblib").write_bytes(b"anything")
    assert load_model(tmp_path).predict(fitted[1]).tolist() == fitted[0].predict(fitted[1]).tolist()


def test_without_skops_one_line_says_what_to_install(fitted, content, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for call in (lambda: dump_skops(fitted[0], trusted_types()), lambda: load_skops(content, trusted_types())):
        with pytest.raises(FerError, match=r"pip install 'fer_features\[safe\]'"):
            call()


def test_a_model_that_would_not_be_loaded_is_not_saved(tmp_path, capsys):
    class Own(FaceDetector):
        pass

    with pytest.raises(FerError, match="cannot be saved in the format skops, use joblib: it contains the type"):
        dump_skops(make_pipeline("hog_linear", faces__detector=Own()), trusted_types())
    code = cli.main(
        ["run", "--pipeline", "hog_hgb", "--data", "demo", "--format", "skops", "--out", str(tmp_path / "a")]
    )
    assert code == 2
    assert "fer_features.classifiers.hgb.HGB" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_landmarker_is_loaded_alone(tmp_path, fitted, monkeypatch):
    model, X = fitted
    path = save_model(model, tmp_path / "model.skops")
    with pytest.raises(FerError, match="contains no landmarker"):
        load_landmarker(path)
    model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, np.arange(len(X)) % 3)
    arrays = [np.random.default_rng(i).normal(size=(4, 4)).astype(np.float32) for i in range(6)]
    model.landmarker_ = Landmarker(*arrays[:2], [CascadeStage(3, *arrays[:3])], *arrays[4:])
    save_model(model, path)
    assert load_model(path).landmarker_.stages[0].cell_size == 3
    monkeypatch.setattr(type(model), "__setstate__", lambda *_: pytest.fail("the model was loaded"))
    found = load_landmarker(path)
    assert np.array_equal(found.box_weights, arrays[1])
    assert np.array_equal(found.stages[0].weights, arrays[2])


def test_bytes_of_a_file_are_those_of_its_model(content, fitted):
    # A file whose arrays are changed is another model: nothing is cached by numbers or names.
    schema, entries = unpacked(content)
    name = next(name for name, data in entries.items() if len(data) > 5000)
    changed = bytearray(entries[name])
    changed[-8:] = struct.pack("<d", 1e3)
    model, X = fitted
    other = load_skops(packed(schema, entries | {name: bytes(changed)}), trusted_types())
    assert (other.decision_function(X) != model.decision_function(X)).any()
