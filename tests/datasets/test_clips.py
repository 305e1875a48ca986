"""Clips of frame folders, videos and pairs of images: which frames are chosen, and that they are the right ones."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.datasets import clip_column, clip_reader
from fer_features.datasets.clip_motion import FaceMotion
from fer_features.datasets.clips import read_clips
from fer_features.datasets.file_records import Record

from ..media.mp4_files import rotated, with_durations
from ..recognition.scenes import write_video

SIZE = 36, 48


def frame(number, size=SIZE):
    """An image that shows its number: a grey level, with a bright corner."""
    image = np.full(size, 6 * number + 8, np.uint8)
    image[:4, :4] = 255
    return image


def numbers_shown(images):
    """Frame numbers that frames (..., H, W) show."""
    return np.rint((np.median(images, (-2, -1)) - 8) / 6).astype(int)


def write_frames(folder, numbers, size=SIZE):
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{i:03d}.png" for i in range(len(numbers))]
    for file, number in zip(files, numbers, strict=True):
        cv2.imwrite(str(file), frame(number, size))
    return tuple(files)


def make_clip(folder, n, as_video=False, **annotations):
    """Record of a clip of n numbered frames."""
    if as_video:
        folder.mkdir(parents=True, exist_ok=True)
        files = (write_video(folder / "clip.avi", [frame(i) for i in range(n)], 25),)
    else:
        files = write_frames(folder, range(n))
    return Record(id=folder.name, files=files, is_clip=True, **annotations)


def halve(file):
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def read(*records, n_frames=None, apex=None, neutral=None):
    return read_clips(records, n_frames=n_frames, apex=apex, neutral=neutral, name=lambda path: path.name)


def fault_of(*records, **options):
    """The only fault, after a check that nothing else was read."""
    table = read(*records, **options)
    assert (len(table.faults), len(table.kept), len(table.images), len(table.frame_numbers)) == (1, 0, 0, 0)
    assert "\n" not in table.faults[0].message
    return table.faults[0]


@pytest.fixture(params=[False, True], ids=["images", "video"])
def as_video(request):
    return request.param


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_frames_shown_are_those_of_the_numbers(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("clips")
    as_video = data.draw(st.booleans())
    n, n_frames = data.draw(st.integers(2, 30)), data.draw(st.integers(1, 12))
    annotations = {}
    if data.draw(st.booleans()):
        annotations["onset"] = data.draw(st.integers(0, n - 2))
    if data.draw(st.booleans()):
        annotations["apex"] = data.draw(st.integers(annotations.get("onset", 0) + 1, n - 1))
    table = read(make_clip(folder / "clip", n, as_video, **annotations), n_frames=n_frames)
    (numbers,) = table.frame_numbers
    assert not table.faults
    assert numbers[-1] == annotations.get("apex", n - 1)
    assert n_frames == 1 or numbers[0] == annotations.get("onset", 0)
    assert (np.diff(numbers) >= 0).all()
    assert table.images.shape == (1, n_frames, *SIZE)
    np.testing.assert_array_equal(numbers_shown(table.images[[0]])[0], numbers)
    for t in range(-n_frames, n_frames):
        np.testing.assert_array_equal(table.images.frame(np.array([0]), t), table.images[[0]][:, t])


def test_clips_of_different_lengths_and_sizes(tmp_path):
    records = [make_clip(tmp_path / f"clip{n}", n) for n in (12, 3, 40)]
    records.append(Record(id="large", files=write_frames(tmp_path / "large", range(20), (60, 50)), is_clip=True))
    table = read(*records)
    assert table.images.shape == (4, 10, None, None)
    assert table.kept.tolist() == [0, 1, 2, 3]
    assert table.images.sizes(np.array([3, 0])).tolist() == [[50, 60], [48, 36]]
    for indices in ([0, 1], [3, 0, 1], [2], []):
        clips = table.images[np.array(indices, int)]
        for clip, i in zip(clips, indices, strict=True):
            np.testing.assert_array_equal(numbers_shown(clip), table.frame_numbers[i])
    assert table.notes == ["1 clip(s) have fewer than 10 frames from the neutral face to the apex: frames are repeated"]
    copy = pickle.loads(pickle.dumps(table.images))
    np.testing.assert_array_equal(copy[[1]], table.images[[1]])
    assert len(pickle.dumps(table.images)) < 10_000


def test_videos_are_decoded_once_for_their_frames_and_memory_is_limited(tmp_path, monkeypatch):
    opened = []
    original = clip_column.VideoFrames
    monkeypatch.setattr(clip_column, "VideoFrames", lambda file: opened.append(file.parent.name) or original(file))
    images = read(*[make_clip(tmp_path / f"clip{i}", 12, as_video=True) for i in range(4)], n_frames=4).images
    for t in range(4):
        images.frame(np.arange(2), t)
    assert opened == ["clip0", "clip1"]
    assert len(pickle.dumps(images)) < 10_000
    copy = pickle.loads(pickle.dumps(images))
    np.testing.assert_array_equal(copy[[0]], images[[0]])
    monkeypatch.setattr(clip_column, "MAX_KEPT_BYTES", 2 * images[[0]].nbytes)
    for i in range(4):
        images.frame(np.array([i]), 0)
        assert len(images._decoded._frames) <= 2
    opened.clear()
    images.frame(np.array([3, 0]), 1)
    assert opened == ["clip0"]


def test_neutral_image_is_the_first_frame(tmp_path, as_video):
    (neutral,) = write_frames(tmp_path / "neutral", [35])
    table = read(make_clip(tmp_path / "clip", 20, as_video, neutral=neutral, onset=4), n_frames=5)
    assert table.frame_numbers.tolist() == [[-1, 7, 11, 15, 19]]
    assert numbers_shown(table.images[[0]]).tolist() == [[35, 7, 11, 15, 19]]


def test_number_of_the_neutral_frame_comes_before_the_onset(tmp_path):
    clip = make_clip(tmp_path / "clip", 20, neutral=2, onset=6)
    assert read(clip, n_frames=2, neutral="found").frame_numbers.tolist() == [[2, 19]]


def test_images_with_images_of_the_neutral_face_are_pairs(tmp_path):
    neutral, *apexes = write_frames(tmp_path / "faces", [3, 14, 25])
    records = [Record(id=apex.name, files=(apex,), neutral=neutral) for apex in apexes]
    table = read(*records)
    assert table.frame_numbers.tolist() == [[-1, 0], [-1, 0]]
    assert numbers_shown(table.images[[0, 1]]).tolist() == [[3, 14], [3, 25]]
    assert read(*records, n_frames=1).frame_numbers.tolist() == [[0], [0]]
    assert read(*records, n_frames=4).frame_numbers.tolist() == [[-1, -1, 0, 0], [-1, -1, 0, 0]]


def test_no_face_is_searched_where_there_is_one_frame(tmp_path, monkeypatch):
    def search(self, number, image):
        pytest.fail("a face is searched")

    monkeypatch.setattr(FaceMotion, "add", search)
    neutral, apex, other = write_frames(tmp_path / "faces", [3, 14, 25])
    pair = Record(id="pair", files=(apex,), neutral=neutral)
    clip = Record(id="clip", files=(other,), is_clip=True)
    assert read(pair, apex="found", neutral="found").frame_numbers.tolist() == [[-1, 0]]
    assert read(clip, apex="found", neutral="found", n_frames=1).frame_numbers.tolist() == [[0]]


def test_neutral_image_of_another_size_is_fitted_without_distortion(tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    circle = cv2.circle(np.full((100, 100), 40, np.uint8), (50, 50), 30, 200, -1)
    cv2.imwrite(str(folder / "neutral.png"), circle)
    cv2.imwrite(str(folder / "apex.png"), np.full((60, 80), 40, np.uint8))
    table = read(Record(id="a", files=(folder / "apex.png",), neutral=folder / "neutral.png"))
    neutral = table.images.frame(np.array([0]), 0)[0]
    assert neutral.shape == (60, 80)
    rows, columns = np.nonzero(neutral > 120)
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 1
    np.testing.assert_allclose((rows.mean(), columns.mean()), (29.5, 39.5), atol=1)
    assert ["another size" in note for note in table.notes] == [True]


def test_box_crops_the_clip_before_large_images_are_reduced(tmp_path):
    image = np.zeros((1200, 1600), np.uint8)
    image[200:300, 900:980] = np.arange(80)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    files = (tmp_path / "a.png",) * 2
    cropped = read(Record(id="a", files=files, is_clip=True, box=(900, 200, 80, 100)), n_frames=2)
    np.testing.assert_array_equal(cropped.images[[0]][0, 0], image[200:300, 900:980])
    assert not cropped.notes
    reduced = read(Record(id="a", files=files, is_clip=True), n_frames=2)
    assert reduced.images.shape[2] * reduced.images.shape[3] <= 1 << 20
    assert ["reduced" in note for note in reduced.notes] == [True]
    assert fault_of(Record(id="a", files=files, is_clip=True, box=(1700, 0, 9, 9))).kind == "unreadable frame"


def test_colour_is_converted_and_noted(tmp_path):
    image = np.zeros((20, 30, 3), np.uint8)
    image[...] = 10, 60, 200  # blue, green, red
    cv2.imwrite(str(tmp_path / "a.png"), image)
    table = read(Record(id="a", files=(tmp_path / "a.png",) * 2, is_clip=True), n_frames=2)
    assert table.images[[0]][0, 0, 0, 0] == round(0.114 * 10 + 0.587 * 60 + 0.299 * 200)
    assert table.notes == ["1 clip(s) in colour converted to grey"]


def test_order_of_records_does_not_matter(tmp_path):
    records = [make_clip(tmp_path / f"clip{n}", n, as_video=n % 2) for n in (5, 8, 11, 4)]
    order = np.array([2, 0, 3, 1])
    table, shuffled = read(*records), read(*[records[i] for i in order])
    for i in range(4):
        np.testing.assert_array_equal(shuffled.images[[i]], table.images[[order[i]]])
        np.testing.assert_array_equal(shuffled.frame_numbers[i], table.frame_numbers[order[i]])


def test_start_and_end_choose_the_part_of_a_video_by_timestamps(tmp_path):
    path = write_video(tmp_path / "a.mp4", [frame(2 * i) for i in range(20)], 25, "mp4v")
    durations = [1] * 5 + [10] * 5 + [1] * 10
    path.write_bytes(with_durations(path.read_bytes(), durations))
    stamps = np.cumsum([0, *durations[:-1]]) / 25
    record = Record(id="a", files=(path,), is_clip=True, start=stamps[6] - 0.02, end=stamps[12] + 0.02)
    table = read(record, n_frames=7)
    assert table.frame_numbers.tolist() == [[6, 7, 8, 9, 10, 11, 12]]
    shown = numbers_shown(table.images[[0]])[0]
    np.testing.assert_allclose(shown / 2, np.arange(6, 13), atol=0.5)


def test_videos_of_phones_are_upright(tmp_path):
    image = frame(3)
    path = write_video(tmp_path / "a.mp4", [image] * 4, 25, "mp4v")
    path.write_bytes(rotated(path.read_bytes(), 90, 48, 36))
    table = read(Record(id="a", files=(path,), is_clip=True), n_frames=2)
    assert table.images.shape == (1, 2, 48, 36)
    shown = table.images[[0]][0, 0]
    assert shown[:3, -3:].min() > 150 > shown[-4:].max()


def test_truncated_video_is_noted(tmp_path):
    clip = make_clip(tmp_path / "clip", 40, as_video=True)
    halve(clip.files[0])
    table = read(clip, n_frames=3)
    assert len(table.kept) == 1
    assert [note for note in table.notes if note.endswith("may be truncated, such as clip")]


@pytest.mark.parametrize(
    ("annotations", "options", "kind"),
    [
        ({"apex": 9}, {}, "frame outside of the clip"),
        ({"apex": -1}, {}, "frame outside of the clip"),
        ({"neutral": 9}, {}, "frame outside of the clip"),
        ({"onset": 9}, {}, "frame outside of the clip"),
        ({"onset": 5, "apex": 3}, {}, "apex not after neutral frame"),
        ({"neutral": 4, "apex": 4}, {}, "apex not after neutral frame"),
        ({}, {"apex": "given"}, "apex not given"),
    ],
)
def test_annotations_that_do_not_fit_are_faults(tmp_path, as_video, annotations, options, kind):
    fault = fault_of(make_clip(tmp_path / "clip", 9, as_video, **annotations), **options)
    assert fault.kind == kind
    assert fault.message.startswith("clip")


def test_faults_do_not_exclude_other_records(tmp_path):
    good = [make_clip(tmp_path / f"clip{n}", n) for n in (5, 8)]
    empty = Record(id="empty", files=(), is_clip=True)
    table = read(good[0], empty, good[1])
    assert table.kept.tolist() == [0, 2]
    assert [(fault.kind, fault.message) for fault in table.faults] == [("clip without frames", "empty has no frames")]
    assert numbers_shown(table.images.frame(np.array([0, 1]), -1)).tolist() == [4, 7]


def test_unreadable_files_are_faults(tmp_path):
    neutral = tmp_path / "neutral.png"
    neutral.write_bytes(b"no image")
    fault = fault_of(make_clip(tmp_path / "clip", 4, neutral=neutral))
    assert (fault.kind, fault.message) == (
        "unreadable neutral image",
        "neutral.png is not an image, or is damaged or truncated",
    )
    for position in (0, -1):
        clip = make_clip(tmp_path / f"clip{position}", 4)
        clip.files[position].write_bytes(b"")
        assert fault_of(clip).kind == "unreadable frame"
        assert clip.files[position].name in fault_of(clip).message
    for name, content in (("empty.mp4", b""), ("text.avi", b"text" * 99)):
        (tmp_path / name).write_bytes(content)
        fault = fault_of(Record(id=name, files=(tmp_path / name,), is_clip=True))
        assert (fault.kind, fault.message.split()[0]) == ("unreadable video", name)


def test_video_without_frames_is_a_fault(tmp_path):
    path = tmp_path / "none.avi"
    cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 48)).release()
    assert fault_of(Record(id="none", files=(path,), is_clip=True)).kind == "unreadable video"


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (0.5, 0.5), (9.0, None), (0.0, 9.0), (9.0, 10.0)])
def test_times_outside_of_the_video_are_faults(tmp_path, start, end):
    clip = make_clip(tmp_path / "clip", 30, as_video=True, start=start, end=end)
    assert fault_of(clip).kind == "start or end outside of the video"


def test_times_of_images_are_a_fault(tmp_path):
    assert fault_of(make_clip(tmp_path / "clip", 30, end=0.5)).kind == "start or end of images"


def test_one_frame_is_a_still_only(tmp_path):
    clip = make_clip(tmp_path / "clip", 1)
    assert "one frame" in fault_of(clip).message
    assert numbers_shown(read(clip, n_frames=1).images[[0]]).tolist() == [[0]]


def test_frames_that_disappear_are_an_error_with_the_name_of_the_file(tmp_path, as_video):
    clip = make_clip(tmp_path / "clip", 12, as_video)
    images = read(clip).images
    if as_video:
        halve(clip.files[0])
    else:
        clip.files[-1].unlink()
    with pytest.raises(FerError, match=rf"{clip.files[-1].name}.*"):
        images.frame(np.array([0]), -1)


@pytest.mark.parametrize("options", [{"n_frames": 0}, {"apex": "middle"}, {"neutral": "middle"}])
def test_other_parameters_are_refused(tmp_path, options):
    with pytest.raises(FerError, match=next(iter(options))):
        read(make_clip(tmp_path / "clip", 3), **options)


@pytest.mark.parametrize("default", ["last", "found"])
def test_an_apex_of_one_record_does_not_change_those_of_others(tmp_path, monkeypatch, default):
    monkeypatch.setattr(clip_reader.FaceMotion, "find_apex", lambda self, neutral: 2)
    records = [make_clip(tmp_path / "a", 5, apex=3), make_clip(tmp_path / "b", 5)]
    name = {"name": lambda path: path.name}
    numbers = read_clips(records, n_frames=1, apex=None, neutral=None, default_apex=default, **name).frame_numbers
    assert numbers.ravel().tolist() == [3, 4 if default == "last" else 2]


def test_no_records():
    table = read()
    assert (table.images.shape, len(table.kept), table.frame_numbers.shape) == ((0, 10, None, None), 0, (0, 10))


def test_names_of_faults_are_made_by_the_caller(tmp_path):
    clip = make_clip(tmp_path / "clip", 3, apex=7)
    table = read_clips([clip], n_frames=None, apex=None, neutral=None, name=lambda path: f"<{Path(path).name}>")
    assert table.faults[0].message.startswith("<clip>: the apex frame 7 is outside")
