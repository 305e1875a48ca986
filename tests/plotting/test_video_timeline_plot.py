"""The figure, the table and the notebook view of the results of a video."""

import numpy as np
import pytest

from fer_features import FerError, Recognizer
from fer_features.plotting.video_timeline import plot_timeline
from fer_features.recognition import FrameResult
from fer_features.recognition.frames import Frame

from ..recognition.scenes import PatchLandmarker, detect_patches, fit_toy, moving_clip, write_video


@pytest.fixture(scope="module")
def recognizer():
    model, clips = fit_toy("hogdiff_landmarks_linear")
    names = ["joy", "<b>fear", "a$b"]
    found = Recognizer(model, landmarker=PatchLandmarker(), detector=detect_patches, class_names=names)
    return found, moving_clip(clips[0][3], n=8)


def test_table_and_figure_show_the_results(recognizer):
    recognizer, frames = recognizer
    results = list(recognizer.stream(frames))
    table = recognizer.stream(frames).to_frame()
    assert list(table["frame"]) == list(range(8))
    assert table["status"].tolist() == ["neutral", *["ok"] * 7]
    assert table[["yaw", "pitch", "roll", "eye_opening"]].notna().all().all()
    probabilities, motion = plot_timeline(results).axes
    for line in probabilities.lines:
        np.testing.assert_allclose(line.get_ydata(), table[f"probability_{line.get_label()}"], atol=1e-6)
    np.testing.assert_allclose(motion.lines[0].get_ydata(), table["neutral_distance"], atol=1e-4)


def test_a_face_is_needed():
    empty = [FrameResult(Frame(0, 0.0, np.zeros((9, 9), np.uint8)), [])]
    with pytest.raises(FerError, match="no frame shows a face"):
        plot_timeline(empty)
    with pytest.raises(FerError, match="face_id=3"):
        plot_timeline(empty, face_id=3)


def test_notebooks_show_the_timeline(recognizer, tmp_path):
    recognizer, frames = recognizer
    view = recognizer.show(write_video(tmp_path / "<i>.avi", frames), smooth=0.2)
    html = view._repr_html_()
    assert "<b>fear" not in html
    assert "<h3>&lt;i&gt;.avi</h3>" in html
    assert "data:image/jpeg" in html
    assert "face 0" in repr(view)
