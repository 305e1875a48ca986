"""MUG: takes of subjects with one and with several sessions."""

from fer_features.datasets.layouts.mug import MUG

from .trees import found_in, touch, write_images

TAKES = [
    *(
        f"subjects3/{subject}/{label}/take{i:03}"
        for subject in ("001", "002")
        for label in ("anger", "happiness")
        for i in (0, 1)
    ),
    *(f"subjects3/032/session{i}/{label}/take000" for i in (0, 1) for label in ("anger", "neutral")),
]


def write_tree(root):
    write_images(root, [f"{take}/img_{t:04}.jpg" for take in TAKES for t in range(4)])
    write_images(root, [f"subjects3/001/mixed/take000/img_{t:04}.jpg" for t in range(3)])
    touch(root, ["readme.txt"])


def test_folders_are_read_as_documented(tmp_path):
    write_tree(tmp_path)
    found = found_in(MUG, tmp_path)
    assert list(found) == sorted(TAKES)
    for take, record in found.items():
        parts = take.split("/")
        assert (record.subject, record.label, record.extra) == (parts[1], parts[-2], {"take": parts[-1]})
        assert record.session == (parts[2].removeprefix("session") if len(parts) == 5 else "")
        assert [file.name for file in record.files] == [f"img_{t:04}.jpg" for t in range(4)]
    assert MUG.apex == "found"
