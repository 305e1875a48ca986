"""Files with landmarks that a table names: those of another image or clip are refused."""

import numpy as np
import pytest

from fer_features import FerError, load_dataset

from .landmark_formats.written import SIZE, faces_of, write_openface, write_pts
from .layouts.trees import write_images

SHAPE = SIZE[::-1]


def write_table(folder, lines):
    (folder / "metadata.csv").write_text("\n".join(["file_name,label,neutral,landmarks", *lines]))
    return folder


def write_clip(folder, n_lines, found=None):
    """A clip of 5 frames, and a file with the landmarks of `n_lines` frames."""
    write_images(folder, [f"clip/{i}.png" for i in range(5)], SHAPE)
    write_openface(folder / "clip.csv", faces_of(n_lines), found)
    return write_table(folder, ["clip,joy,,clip.csv"])


def test_clip_with_its_landmarks(tmp_path):
    X = load_dataset(write_clip(tmp_path, 5), frames=3, apex="last")
    np.testing.assert_allclose(X["landmarks"][0], faces_of(5)[[0, 2, 4]], atol=0.01)


@pytest.mark.parametrize("n_lines", [1, 3, 4, 6, 50])
def test_landmarks_of_a_clip_of_another_length(tmp_path, n_lines):
    with pytest.raises(FerError, match=rf"clip\.csv has {n_lines} frames, and (clip has 5|frame 4 of clip is shown)"):
        load_dataset(write_clip(tmp_path, n_lines), frames=3, apex="last")


@pytest.mark.parametrize("absent", [0, 2])
def test_frames_without_a_face_are_interpolated(tmp_path, absent):
    X = load_dataset(write_clip(tmp_path, 5, [i != absent for i in range(5)]), frames=3, apex="last")
    faces = faces_of(5)
    faces[absent] = faces[2] if absent == 0 else (faces[0] + faces[4]) / 2
    np.testing.assert_allclose(X["landmarks"][0], faces[[0, 2, 4]], atol=0.01)


@pytest.mark.parametrize("which", ["image", "neutral"])
def test_landmarks_of_several_frames_for_one_image(tmp_path, which):
    write_images(tmp_path, ["a.png", "n.png"], SHAPE)
    for name, n in (("a", 2 if which == "image" else 1), ("n", 2 if which == "neutral" else 1)):
        if n > 1:
            write_openface(tmp_path / f"{name}.csv", faces_of(n))
        else:
            write_pts(tmp_path / f"{name}.csv", faces_of(1)[0])
    if which == "neutral":
        write_openface(tmp_path / "a.csv", faces_of(1))
    with pytest.raises(FerError, match="has landmarks of 2 frames: those of one image are needed"):
        load_dataset(write_table(tmp_path, ["a.png,joy,n.png,a.csv"]))
