"""BU-3DFE: names of the texture images; models and their textures are not read."""

from fer_features import load_dataset

from .trees import Expected, check_faults, check_stills, write_images, write_other_files, write_text

CLASSES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "SA": "sad", "SU": "surprise"}
SCANS = [("NE", "00"), *((code, f"0{level}") for code in CLASSES for level in range(1, 5))]
SUBJECTS = {"F0001": "WH", "F0002": "AE", "M0001": "AM"}


def write_tree(root):
    expected = {}
    for subject, ancestry in SUBJECTS.items():
        for code, level in SCANS:
            stem = f"{subject}/{subject}_{code}{level}{ancestry}"
            images = write_images(root, [f"{stem}_{kind}.bmp" for kind in ("F2D", "F3D", "RAW")], (16, 16))
            write_text(root / f"{stem}_F3D.wrl", "#VRML V2.0 utf8")
            label = CLASSES.get(code, "neutral")
            expected[f"{stem}_F2D.bmp"] = Expected((images[f"{stem}_F2D.bmp"],), label, subject=subject)
    write_other_files(root)
    return expected


def test_names_are_read_as_documented(tmp_path):
    expected = write_tree(tmp_path / "BU_3DFE")
    X = check_stills(tmp_path, {f"BU_3DFE/{name}": one for name, one in expected.items()}, "bu3dfe")
    assert X.info.subjects_from == "dataset"
    assert "kind" not in X
    ancestry = {"F0001": "White", "F0002": "East Asian", "M0001": "Middle-Eastern"}
    for name, level, value in zip(X["id"], X["intensity"], X["ancestry"], strict=True):
        file = name.rsplit("/", 1)[-1]
        assert (level, value) == (file[8:10], ancestry[file[:5]])
    assert len(load_dataset(tmp_path, where="intensity=03,04")) == 3 * 6 * 2


def test_pairs_with_the_neutral_image_of_the_subject(tmp_path):
    expected = write_tree(tmp_path)
    X = load_dataset(tmp_path, frames=2)
    assert len(X) == 3 * 24
    images = X["images"]
    for i, name in enumerate(X["id"]):
        subject = name[:5]
        neutral = expected[f"{subject}/{subject}_NE00{SUBJECTS[subject]}_F2D.bmp"]
        assert (images[i, 0] == neutral.images[0]).all()
        assert (images[i, 1] == expected[name].images[0]).all()


def test_unknown_expression_is_a_fault(tmp_path):
    expected = write_tree(tmp_path)
    write_images(tmp_path, ["F0001/F0001_XX01WH_F2D.bmp"])
    check_faults(tmp_path, "1 x unknown label", "'xx'", kept=expected)
