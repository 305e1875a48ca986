"""Images: stills and clips, grey and coloured, become grey clips; everything else is refused in one line."""

import numpy as np
import pytest
import skimage.data
import skimage.io

from fer_features import Samples
from fer_features.datasets.grey_frames import grey_frame
from fer_features.exceptions import FerError
from fer_features.extractors import HOG, Align
from fer_features.media.decoding import decode_image
from fer_features.samples.columns import LazyColumn
from fer_features.samples.image_columns import clean_images
from fer_features.vision.grayscale import to_grayscale

NOTE = ("colour images (red, green, blue) converted to grey",)


@pytest.fixture(params=[(6, 40, 36), (6, 3, 40, 36)], ids=["stills", "clips"])
def grey(request):
    return np.random.default_rng(0).integers(0, 256, request.param).astype(np.uint8)


def test_clips_are_not_copied_and_stills_get_a_frame_axis():
    clips = np.zeros((2, 3, 4, 5), np.uint8)
    assert clean_images(clips)[0] is clips
    assert clean_images(clips[:, 0])[0].shape == (2, 1, 4, 5)
    assert clean_images(list(clips))[0].shape == clips.shape


@pytest.mark.parametrize(
    "shape",
    [(), (4,), (4, 5), (2, 3, 4, 5, 6), (2, 3, 4, 5, 6, 3), (9, 9, 3), (0, 3, 4, 5), (2, 0, 4, 5), (2, 3, 0, 5)],
)
def test_images_of_another_rank_are_refused(shape):
    with pytest.raises(FerError, match=r"shape .*needed"):
        clean_images(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool, np.uint16])
def test_images_of_another_type_are_refused(kind):
    with pytest.raises(FerError, match=f"{np.dtype(kind)}.*uint8"):
        clean_images(np.zeros((2, 3, 4, 5), kind))


def test_lazy_column_of_images_is_not_read():
    class Unreadable(LazyColumn):
        shape = (2, 3, 4, 5)

        def __getitem__(self, indices):
            pytest.fail("read")

    column = Unreadable()
    assert clean_images(column) == (column, ())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("as_list", [False, True])
def test_grey_images_with_channels_give_exactly_what_they_give_without(grey, channels, opaque, as_list):
    given = np.repeat(grey[..., None], channels, -1)
    if opaque:
        given = np.concatenate([given, np.full_like(given[..., :1], 255)], -1)
    expected, _ = clean_images(grey)
    cleaned, notes = clean_images(list(given) if as_list else given)
    np.testing.assert_array_equal(cleaned, expected)
    assert notes == ()


def test_features_of_plain_arrays_and_tables_do_not_depend_on_channels(grey):
    colour = np.repeat(grey[..., None], 3, -1)
    expected = HOG().fit_transform(grey)
    np.testing.assert_array_equal(HOG().fit_transform(colour), expected)
    np.testing.assert_array_equal(HOG().fit_transform(Samples.from_arrays(images=colour)), expected)
    assert Align("none").fit(colour).image_size_ == Align("none").fit(grey).image_size_ == (40, 36)


def test_colours_are_converted_with_a_note(grey):
    colour = np.stack([grey, grey[::-1], 255 - grey], -1)
    X = Samples.from_arrays(images=colour)
    np.testing.assert_array_equal(X["images"].reshape(grey.shape), to_grayscale(colour, is_rgb=True))
    assert X.info.notes == NOTE
    assert X.with_columns(age=np.arange(6)).info.notes == NOTE


def test_channels_are_red_green_and_blue_as_scikit_image_reads_them(tmp_path):
    photograph = skimage.data.astronaut()[:64, :48]
    skimage.io.imsave(tmp_path / "a.png", photograph, check_contrast=False)
    from_file = grey_frame(decode_image(tmp_path / "a.png")).image
    alpha = np.full_like(photograph[..., :1], 255)
    for given in (photograph, np.concatenate([photograph, alpha], -1)):
        for images in (given[None], [given, given[:32]], np.stack([given, given])[None]):
            X = Samples.from_arrays(images=images)
            np.testing.assert_array_equal(X[:1]["images"][0][0], from_file)
    pure = np.zeros((1, 6, 6, 3), np.uint8)
    pure[..., 0] = 200
    assert np.unique(Samples.from_arrays(images=pure)["images"]).tolist() == [round(0.299 * 200)]


def test_images_of_different_sizes_are_a_column(grey):
    images = [grey[0], grey[1][..., :30, :], np.repeat(grey[2][..., :20, None], 3, -1)]
    X = Samples.from_arrays(images=images)
    n_frames = 1 if grey.ndim == 3 else 3
    assert X.column("images").shape == (3, n_frames, None, None)
    assert X.sizes().tolist() == [[36, 40], [36, 30], [20, 40]]
    np.testing.assert_array_equal(X[[2]]["images"][0].reshape(images[2].shape[:-1]), images[2][..., 0])
    objects = np.empty(3, object)
    objects[:] = images
    np.testing.assert_array_equal(Samples.from_arrays(images=objects)[[1]]["images"], X[[1]]["images"])
    assert Align("none", size=16).transform(X)["images"].shape == (3, n_frames, 16, 16)


def test_clips_of_different_lengths_are_refused(grey):
    clips = [np.zeros((3, 40, 36), np.uint8), np.zeros((3, 40, 36), np.uint8), np.zeros((2, 40, 36), np.uint8)]
    with pytest.raises(FerError, match="clips of samples 0 and 2 have 3 and 2 frames"):
        Samples.from_arrays(images=clips)


@pytest.mark.parametrize("shape", [(2, 1 << 14, 1 << 14), (2, 1, 40, 4), (2, 40, 36)])
def test_lazy_columns_that_are_no_grey_clips_are_refused(shape):
    class Declared(LazyColumn):
        def __getitem__(self, indices):
            pytest.fail("read")

    column = Declared()
    column.shape = shape if len(shape) != 3 or shape[1] < 1000 else (shape[0], 1, *shape[1:])
    with pytest.raises(FerError, match="images have shape"):
        Samples({"images": column})
