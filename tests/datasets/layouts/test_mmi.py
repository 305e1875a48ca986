"""MMI: emotions and views from the metadata of the sessions."""

import pytest

from fer_features import FerError
from fer_features.datasets.layouts.mmi import MMI
from fer_features.media.file_tree import file_tree

from .trees import touch, write_video

EMOTIONS = {1: "angry", 2: "disgust", 3: "fear", 4: "happy", 5: "sad", 6: "surprise"}
VIEWS = {0: "frontal", 1: "profile", 2: "frontal and profile"}


def write_session(root, number, subject, emotion, view=0, video=touch):
    folder = root / f"Sessions/{number}"
    name = f"S{subject:03}-{number:03}"
    video(folder, [f"{name}.avi"])
    tag = "" if emotion is None else f'<Metatag Name="Emotion" Value="{emotion}"/>'
    (folder / f"{name}.xml").write_text(f'<FAnnotation><Metatag Name="Sample" Value="{number}"/>{tag}</FAnnotation>')
    (folder / "session.xml").write_text(f'<session><track filename="{name}.avi" view="{view}"/></session>')
    (folder / f"{name}-oao_aucs.xml").write_text('<Annotation><ActionUnit Number="1"/></Annotation>')


def write_tree(root):
    def video(folder, names):
        write_video(folder / names[0])

    for number in range(1, 9):
        write_session(root, number, 1 + number % 2, 1 + number % 6, video=video)
    write_session(root, 9, 1, None, video=video)


def test_metadata_are_read_as_documented(tmp_path):
    sessions = [(number, 1 + number % 3, 1 + number % 6, number % 3) for number in range(1, 13)]
    for session in sessions:
        write_session(tmp_path, *session)
    write_session(tmp_path, 13, 1, None)
    write_session(tmp_path, 14, 1, 7)
    found = MMI.find_records(file_tree(tmp_path))
    read = {record.id: (record.subject, record.label, record.extra["view"]) for record in found.records}
    assert read == {
        f"Sessions/{number}/S{subject:03}-{number:03}.avi": (f"{subject:03}", EMOTIONS[emotion], VIEWS[view])
        for number, subject, emotion, view in sessions
    }
    assert found.notes == [
        "not used: 2 session(s) of MMI without a basic emotion, such as single Action Units",
        "the videos have the views frontal, frontal and profile, profile; where='view=frontal' selects one",
    ]
    used = {file.relative_to(tmp_path).as_posix() for file in found.used_files()}
    assert {"Sessions/1/S002-001.avi", "Sessions/1/S002-001.xml", "Sessions/1/session.xml"} <= used
    assert "Sessions/1/S002-001-oao_aucs.xml" not in used


@pytest.mark.parametrize(
    ("text", "fault"),
    [(None, "its metadata S001-001.xml is absent"), ("<FAnnotation>", "S001-001.xml is not valid XML")],
)
def test_missing_and_damaged_metadata_are_faults(tmp_path, text, fault):
    write_session(tmp_path, 1, 1, 1)
    write_session(tmp_path, 2, 1, 2)
    file = tmp_path / "Sessions/1/S001-001.xml"
    file.unlink()
    if text is not None:
        file.write_text(text)
    found = MMI.find_records(file_tree(tmp_path))
    assert [record.label for record in found.records] == ["disgust"]
    assert [(one.kind, fault in one.message) for one in found.faults] == [("invalid metadata", True)]


def test_sessions_without_emotions_are_refused(tmp_path):
    write_session(tmp_path, 1, 1, None)
    with pytest.raises(FerError, match=r"none of the 1 session\(s\) of MMI is annotated with a basic emotion"):
        MMI.load(tmp_path)
