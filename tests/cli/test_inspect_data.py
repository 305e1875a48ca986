"""The look at the data: numbers are right, the page stands alone, mistakes are told in one line."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.cli.inspect_data import main
from fer_features.data_profile.findings import MARKS, facts, summary, verdicts
from fer_features.data_profile.profile import UNLABELLED, inspect_data
from fer_features.reports.data_profile import page
from fer_features.samples.table import Info

from ..conftest import write_h5

VOID = {"meta", "img", "br", "line", "polygon", "polyline"}


class Page(HTMLParser):
    """Reads a page: its pictures, links, texts, and whether every element that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.ids = [], [], "", []
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
        return [attributes for name, attributes in self.elements if name == tag]


def check(text):
    """What every page must be; returns it read."""
    read = Page(text)
    assert read.open == []
    assert len(text.encode()) < 3e6
    assert read.all("html") == [{"lang": "en"}]
    assert "width=device-width" in str(read.all("meta"))
    assert re.search(r"<title>[^<]+</title>", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    for picture in read.all("img"):
        assert picture["alt"].strip()
        assert picture["src"].startswith("data:image/")
        assert int(picture["width"]) > 0
    for chart in read.all("svg"):
        assert chart["role"] == "img"
        assert chart["aria-label"]
    assert not re.search(r"https?://|<script|@import|url\(|<link", text)
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in read.all("a"):
        assert link["href"][1:] in ids
    for section in ids:
        assert f"#{section}" in {link["href"] for link in read.all("a")}
    return read


@pytest.fixture
def stills(small_faces):
    """34 stills in two parts: a copy of a training picture in test, one with another label, a blank one."""
    blank = np.full_like(small_faces[:1], 7)
    images = np.concatenate([small_faces[:30], small_faces[[0, 1, 2]], blank])
    label = np.arange(34) % 3
    label[[30, 31, 32]] = label[0], (label[1] + 1) % 3, label[2]
    split = np.array(["train"] * 26 + ["test"] * 5 + ["train"] * 3)
    info = Info(dataset="toy", classes=("angry", "<b>fear</b>", "happy", "sad"), cropped=True)
    return Samples.from_arrays(images=images, label=label, split=split, info=info)


def test_numbers_of_stills(stills):
    i = inspect_data(stills)
    assert i.parts == ["train", "test"]
    assert i.counts.sum() == 34
    assert i.counts.sum(0).tolist() == [29, 5]
    assert i.counts[3].tolist() == [0, 0]  # named by the data, shown by nobody
    d = i.duplicates
    assert {tuple(rows) for rows in d.groups} == {(0, 30), (1, 31), (2, 32)}
    assert d.across == {("train", "test"): 1}
    assert d.within == {"train": 2, "test": 0}
    assert [tuple(rows) for rows in d.contradictory] == [(1, 31)]
    assert i.pictures.blank.tolist() == [33]
    assert i.pictures.sizes == [(25, 25, 34)]
    assert i.pictures.histogram.sum() == pytest.approx(1)
    np.testing.assert_allclose(i.pictures.brightness, stills["images"].reshape(34, -1).mean(1))
    np.testing.assert_allclose(i.pictures.contrast, stills["images"].reshape(34, -1).std(1), atol=1e-6)
    np.testing.assert_allclose(i.faces["happy"], stills["images"][stills["label"] == 2, 0].mean(0), atol=0.51)
    assert (i.people, i.motion) == (None, None)


def test_verdicts_say_what_is_wrong_and_nothing_else(stills, small_faces):
    words = " ".join(v.text for v in verdicts(inspect_data(stills)) if v.mark == "check")
    for part in (
        "1 row of test (20.0%) stands in train too",
        "1 group of equal pictures has different labels",
        "2 rows repeat",
        "1 picture is near-blank",
        "not known",
    ):
        assert part in words
    assert "No row shows sad." in {v.text for v in verdicts(inspect_data(stills)) if v.mark == "note"}
    sound = Samples.from_arrays(
        images=small_faces[:36], label=np.arange(36) % 3, subject=np.arange(36) // 6, info=Info(classes=("a", "b", "c"))
    )
    assert {v.mark for v in verdicts(inspect_data(sound))} == {"good"}
    assert "nothing stands out" in summary(inspect_data(sound))


def test_verdicts_on_people_landmarks_and_motion(clips):
    images, landmarks, label, subject = clips
    landmarks = landmarks.copy()
    landmarks[:, 1] += np.where(np.arange(68) > 40, 4, 0)[:, None]  # the middle frame moves most
    landmarks[:, -1] = landmarks[:, 0]
    landmarks[3] = np.nan
    label = np.where(subject == 0, 0, label)
    split = np.where(np.arange(len(label)) % 2, "train", "test")
    X = Samples.from_arrays(images, landmarks, label, subject, split, info=Info(classes=("joy", "fear", "surprise")))
    i = inspect_data(X)
    words = " ".join(v.text for v in verdicts(i))
    assert "1 row has no landmarks" in words
    assert "is not the apex" in words
    assert "1 subject shows one class only: 0" in words
    assert "4 subjects stand in several parts: 0, 1, 2, 3" in words
    assert "fear is shown by 3 of 4 subjects" in words
    assert i.motion.missing.tolist() == [3]
    assert all(moved[0] == 0 and moved.argmax() == 1 for moved in i.motion.displacement.values())
    check(page(i))


def test_the_page_of_stills_stands_alone(stills):
    text = page(inspect_data(stills))
    read = check(text)
    assert "<b>fear" not in text  # names are data, not HTML
    assert "<b>fear</b>" in read.text
    # 12 of each class, mean faces, extremes, the blank one, duplicates.
    alts = [picture["alt"] for picture in read.all("img")]
    assert sum("mean face" in alt for alt in alts) == 3
    assert {"row 30, test, angry", "row 0, train, angry"} <= set(alts)
    assert text == page(inspect_data(stills))
    assert text != page(inspect_data(stills), seed=1)
    # What is shown of a small picture is its own pixels.
    source = next(p["src"] for p in read.all("img") if p["alt"] == "row 30, test, angry")
    pixels = cv2.imdecode(np.frombuffer(__import__("base64").b64decode(source.split(",")[1]), np.uint8), 0)
    np.testing.assert_array_equal(pixels, stills["images"][30, 0])


def test_pictures_of_several_sizes(small_faces):
    from fer_features.samples.columns import Stacked

    column = Stacked([small_faces[:12, None], small_faces[12:16, None, :20]])
    X = Samples({"images": column, "label": np.arange(16) % 2}, Info(classes=("angry", "happy")))
    i = inspect_data(X)
    assert i.pictures.sizes == [(25, 25, 12), (25, 20, 4)]
    assert i.faces["happy"].shape == (25, 25)
    check(page(i))


def test_data_without_pictures_labels_or_rows(clips):
    X = Samples.from_arrays(landmarks=clips[1], label=clips[2], info=Info(classes=("joy", "fear", "surprise")))
    i = inspect_data(X)
    assert (i.pictures, i.duplicates, i.faces) == (None, None, {})
    assert "displacement" in check(page(i)).text or "Motion" in page(i)
    bare = Samples.from_arrays(images=clips[0])
    i = inspect_data(bare)
    assert i.classes == [UNLABELLED]
    assert "No row has a label" in summary(i)
    check(page(i))
    with pytest.raises(FerError, match="no row"):
        inspect_data(bare[[]])


def test_the_command_writes_a_page_and_tells_the_same(fer22_folder, subjects_file, tmp_path, capsys):
    out = tmp_path / "look.html"
    assert main([str(fer22_folder), "--subjects", str(subjects_file), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    read = check(out.read_text(encoding="utf-8"))
    i = inspect_data(load_dataset(fer22_folder, subjects_file))
    for title, text in facts(i).items():
        assert text in said
        assert text in read.text
        assert title in read.text
    for v in verdicts(i):
        assert v.mark in MARKS
        assert v.text in read.text
        assert v.mark == "good" or v.text in said
    assert said.count("\n") < 30
    assert str(out) in said
    assert "Motion" in read.text
    assert sum("frame 0" in p["alt"] for p in read.all("img")) == 4  # a strip of each class and of the unlabelled


def test_options_are_those_of_reading(tmp_path, small_faces, capsys):
    for k, face in enumerate(small_faces[:12]):
        folder = tmp_path / "data" / ("happy", "sad")[k % 2]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"S{k // 4}_{k}.png"), face)
    (folder / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "x.html"
    common = [str(tmp_path / "data"), "--out", str(out)]
    assert main(common) == 2
    assert not out.exists()
    capsys.readouterr()
    assert main([*common, "--on-error", "skip", "--subject-pattern", r"S(\d+)_", "--cache", str(tmp_path / "c")]) == 0
    said = capsys.readouterr().out
    assert "subjects        3" in said
    assert list((tmp_path / "c").iterdir())
    check(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "does not exist"),
        (["{}", "--labels", "ferplus"], "--labels"),
        (["{}", "--seed", "-1"], "--seed"),
        (["{}", "--out", "{}/no/such/x.html"], "cannot write"),
        (["{}", "--out", "{}"], "cannot write"),
    ],
)
def test_mistakes_are_told_in_one_line(fer22_folder, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    try:
        code = main([argument.format(fer22_folder) for argument in arguments])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_file_is_told_and_an_old_page_stays(fer22_folder, tmp_path, capsys):
    out = tmp_path / "x.html"
    out.write_text("old")
    write_h5(fer22_folder, "data_train_labels", np.full(24, 77.0))
    assert main([str(fer22_folder), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert out.read_text() == "old"


def test_the_module_runs_and_does_not_stand_in_for_the_standard_one(fer22_folder, tmp_path):
    command = [sys.executable, "-m", "fer_features", "inspect", str(fer22_folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    check((tmp_path / "inspect.html").read_text(encoding="utf-8"))
