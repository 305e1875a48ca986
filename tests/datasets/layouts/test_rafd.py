"""RaFD: names of files are read as its FAQ says; pairs with the neutral image of the same angle and gaze."""

from fer_features import load_dataset

from .trees import Expected, check_faults, check_stills, write_images, write_other_files

CLASSES = {
    **{"angry": "angry", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear", "happy": "happy"},
    **{"neutral": "neutral", "sad": "sad", "surprised": "surprise"},
}
SUBJECTS = {"01": "Caucasian_female", "28": "Moroccan_male", "40": "Kid_female"}
NAMES = [
    f"Rafd{angle}_{subject}_{group}_{expression}_{gaze}.jpg"
    for angle in ("000", "045", "090", "135", "180")
    for subject, group in SUBJECTS.items()
    for expression in CLASSES
    for gaze in ("frontal", "left", "right")
]


def write_tree(root, names=NAMES):
    images = write_images(root, names, (16, 16))
    write_other_files(root)
    return {
        name: Expected((image,), CLASSES[name.split("_")[4]], subject=name.split("_")[1])
        for name, image in images.items()
    }


def test_names_are_read_as_documented(tmp_path):
    expected = write_tree(tmp_path)
    X = check_stills(tmp_path, expected, "rafd")
    assert X.info.subjects_from == "dataset"
    for i, name in enumerate(X["id"]):
        angle, _, group, sex, _, gaze = name.removesuffix(".jpg").split("_")
        assert {"Rafd090": "frontal"}.get(angle, angle[4:]) == X["view"][i]
        assert (X["group"][i], X["sex"][i], X["gaze"][i]) == (group, sex, gaze)
    frontal = load_dataset(tmp_path, where="view=frontal")
    assert len(frontal) == len(X) / 5


def test_neutral_image_has_the_same_angle_and_gaze(tmp_path):
    expected = write_tree(tmp_path)
    X = load_dataset(tmp_path, frames=2)
    assert len(X) == len(expected) * 7 / 8
    images = X["images"]
    for i, name in enumerate(X["id"]):
        parts = name.split("_")
        neutral = "_".join([*parts[:4], "neutral", parts[5]])
        assert (images[i, 0] == expected[neutral].images[0]).all()
        assert (images[i, 1] == expected[name].images[0]).all()


def test_unknown_expression_is_a_fault(tmp_path):
    expected = write_tree(tmp_path, NAMES[:9])
    write_images(tmp_path, ["Rafd090_01_Caucasian_female_bored_frontal.jpg"])
    check_faults(tmp_path, "1 x unknown label", "bored", kept=expected)
