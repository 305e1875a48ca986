"""JAFFE: names of files are read as its documentation says."""

from fer_features import load_dataset

from .trees import write_images

NAMES = [
    f"{subject}.{label}{i}.{i}.tiff"
    for subject in ("KA", "YM")
    for label in ("AN", "HA", "NE", "FE")
    for i in (1, 2, 3)
]
CLASSES = {"AN": "angry", "HA": "happy", "NE": "neutral", "FE": "fear"}


def test_names_are_read_as_documented(tmp_path):
    images = write_images(tmp_path / "jaffedbase", NAMES)
    (tmp_path / "jaffedbase" / "README").touch()
    X = load_dataset(tmp_path)
    assert (X.info.dataset, len(X), X.info.subjects_from) == ("jaffe", 24, "dataset")
    for i, name in enumerate(X["id"]):
        file = name.removeprefix("jaffedbase/")
        assert (images[file] == X["images"][i, 0]).all()
        assert (file[:2], CLASSES[file[3:5]]) == (X["subject"][i], X["label"][i])
    assert X.info.notes == (f"not used: 1 file(s) in {tmp_path}: jaffedbase/README",)
