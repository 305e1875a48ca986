"""ADFES: names of files, and films that show no emotion."""

from fer_features.datasets.layouts.adfes import ADFES

from .trees import found_in, touch, write_video

EMOTIONS = ("Anger", "Contempt", "Disgust", "Embarrassment", "Fear", "Joy", "Neutral", "Pride", "Sadness", "Surprise")


def write_tree(root):
    for subject in ("F02", "M11"):
        for emotion in EMOTIONS:
            for view in ("Face Forward", "Turn Away"):
                write_video(root / f"{view}/{subject}-{emotion}-{view}.mpeg")
    write_video(root / "F06-MouthOpening-Face Forward.mpeg")
    touch(root, ["Stills/F02-Anger-Face Forward.jpg", "ADFES manual.pdf"])


def test_names_are_read_as_documented(tmp_path):
    write_tree(tmp_path)
    found = found_in(ADFES, tmp_path)
    assert len(found) == 2 * 10 * 2
    for record in found.values():
        subject, emotion, view = record.files[0].stem.split("-")
        assert (record.subject, record.label) == (subject, emotion.lower())
        assert record.extra == {"view": view.lower()}
        assert record.is_video
    assert ADFES.apex == "last"
