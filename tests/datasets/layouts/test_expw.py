"""ExpW: faces of the list with their boxes, several in an image, and the faults of lines."""

import pytest

from fer_features import load_dataset

from .trees import Expected, check_faults, check_stills, write_images, write_other_files, write_text

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LIST, FOLDER = "label/label.lst", "image/origin"

#: Image, number of the face, top, left, right, bottom, label.
FACES = [
    *(("angry_actor_104.jpg", 0, 2, 5, 25, 30, 0), ("angry_actor_104.jpg", 1, 8, 30, 48, 26, 6)),
    *((f"happy_{i}.jpg", 0, i, 2 * i, 20 + i, 30 + i, i) for i in range(7)),
]


def line(image, face, top, left, right, bottom, label):
    return f"{image} {face} {top} {left} {right} {bottom} 22.9362 {label}"


def write_tree(root, list_name=LIST, folder=FOLDER):
    names = sorted({face[0] for face in FACES})
    images = write_images(root, [f"{folder}/{name}" for name in names], (48, 64))
    write_text(root / list_name, "".join(f"{line(*face)}\n" for face in FACES))
    write_other_files(root)
    return {
        f"{folder}/{image}#{face}": Expected((images[f"{folder}/{image}"][top:bottom, left:right],), CLASSES[label])
        for image, face, top, left, right, bottom, label in FACES
    }


@pytest.mark.parametrize(("list_name", "folder"), [(LIST, FOLDER), ("label.lst", "origin")])
def test_faces_of_the_list(tmp_path, list_name, folder):
    X = check_stills(tmp_path, write_tree(tmp_path, list_name, folder), "expw")
    assert set(X["confidence"]) == {"22.9362"}
    assert sorted(X["face"]) == ["0"] * 8 + ["1"]
    assert "split" not in X


def test_images_without_a_line_are_counted(tmp_path):
    expected = write_tree(tmp_path)
    write_images(tmp_path, [f"{FOLDER}/unlabelled.jpg"])
    X = check_stills(tmp_path, expected, "expw")
    assert f"1 image(s) are not in {LIST} and have no label" in X.info.notes


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (line("absent.jpg", 0, 1, 1, 9, 9, 3), "line 10: there is no image absent.jpg"),
        (line("happy_3.jpg", 0, 1, 1, 9, 9, 7), "line 10: the label is '7', not one of 0, 1, 2, 3, 4, 5, 6"),
        (line("happy_3.jpg", 1, 9, 1, 9, 9, 3), "line 10: top, left, right and bottom are not those of a box"),
        (line("happy_3.jpg", 1, 1, "x", 9, 9, 3), "line 10: top, left, right and bottom are not those of a box"),
        (line("happy_3.jpg", 1, 500, 500, 600, 600, 3), "box outside the image"),
        ("happy_3.jpg 1 2 3 4 5 6", "line 10: 7 field(s), not 8"),
        (line(*FACES[3]), "line 10: repeats line 4"),
    ],
)
def test_faults_of_lines(tmp_path, text, fault):
    expected = write_tree(tmp_path)
    with open(tmp_path / LIST, "a") as file:
        file.write(text + "\n")
    kept = set(expected)
    if "line 10: the label" in fault:  # which contradicts line 6, too
        kept -= {f"{FOLDER}/happy_3.jpg#0"}
        fault = "line 10: contradicts line 6"
    check_faults(tmp_path, fault, kept=kept)


def test_other_lists_are_not_of_expw(tmp_path):
    write_images(tmp_path, ["happy/1.png", "sad/2.png"])
    write_text(tmp_path / "label.lst", "happy/1.png 0\nsad/2.png 1\n")
    assert load_dataset(tmp_path).info.dataset == "folders"
