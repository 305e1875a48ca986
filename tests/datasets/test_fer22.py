"""The fer22 reader: columns, irregularities of real files, and the message of every fault."""

import re

import h5py
import numpy as np
import pytest

from fer_features import FerError, load_dataset, make_pipeline
from fer_features.datasets.fer22 import load_fer22
from fer_features.expressions import FER22_CLASSES
from fer_features.pipelines import required_columns


def rewrite(folder, stem, change, key=None, **options):
    path = folder / f"{stem}.h5"
    with h5py.File(path) as file:
        data = file[stem][()]
    path.unlink()
    with h5py.File(path, "w") as file:
        file.create_dataset(key or stem, data=change(data), **options)


def check_refused(folder, *parts):
    with pytest.raises(FerError) as caught:
        load_fer22(folder)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert str(part) in message, message


def test_columns_types_and_codes(fer22_folder):
    X = load_fer22(fer22_folder)
    assert len(X) == 30
    assert X["images"].shape == (30, 3, 100, 90)
    assert X["images"].dtype == np.uint8
    assert X["landmarks"].shape == (30, 3, 68, 2)
    assert X["landmarks"].dtype == np.float32
    assert X.label_codes.dtype == np.int64
    assert set(X.label_codes[X["split"] == "train"]) == {0, 1, 2}
    assert set(X.label_codes[X["split"] == "test"]) == {-1}
    assert X.info.classes == FER22_CLASSES == ("joy", "fear", "surprise", "anger", "disgust", "sadness")
    assert X["id"][X["split"] == "test"].tolist() == list(range(6))


def test_images_equal_the_file_for_any_order_of_samples(fer22_folder):
    X = load_fer22(fer22_folder)
    with h5py.File(fer22_folder / "data_train_images.h5") as file:
        train = file["data_train_images"][()]
    indices = [23, 3, 3, 0, 17]
    assert np.array_equal(X[indices]["images"], train[indices])
    assert np.array_equal(X[indices].frame("images", -1), train[indices, -1])
    across = [29, 0, 24]
    with h5py.File(fer22_folder / "data_test_images.h5") as file:
        test = file["data_test_images"][()]
    assert np.array_equal(X[across].frame("images", 0), [test[5, 0], train[0, 0], test[0, 0]])


@pytest.mark.parametrize("dtype", ["int16", "int64", "float32", "float64"])
def test_landmarks_of_any_dtype(fer22_folder, dtype):
    rewrite(fer22_folder, "data_train_landmarks", lambda x: x.astype(dtype))
    assert np.isfinite(load_fer22(fer22_folder)["landmarks"]).all()


@pytest.mark.parametrize("options", [{"chunks": (1, 1, 100, 90)}, {"chunks": True, "compression": "gzip"}])
def test_chunked_and_compressed_images(fer22_folder, options):
    before = load_fer22(fer22_folder)["images"]
    rewrite(fer22_folder, "data_train_images", lambda x: x, **options)
    assert np.array_equal(load_fer22(fer22_folder)["images"], before)


def test_meshes_of_478_points_become_68(fer22_folder):
    for split, n in (("train", 24), ("test", 6)):
        mesh = np.random.default_rng(0).uniform(10, 80, (n, 3, 478, 3))
        rewrite(fer22_folder, f"data_{split}_landmarks", lambda _, mesh=mesh: mesh)
    X = load_fer22(fer22_folder)
    assert X["landmarks"].shape == (30, 3, 68, 2)
    assert np.isfinite(X["landmarks"]).all()


def test_training_and_test_images_of_different_sizes(fer22_folder):
    rewrite(fer22_folder, "data_test_images", lambda x: np.pad(x, ((0, 0), (0, 0), (0, 20), (0, 0))))
    X = load_fer22(fer22_folder)
    model = make_pipeline("hog_lda", align__size=64)
    train = X[X["split"] == "train"]
    model.fit(train, train.label_codes)
    assert model.predict(X[[0, 29]]).shape == (2,)


@pytest.mark.parametrize("absent", ["images", "landmarks"])
def test_images_or_landmarks_alone_are_sufficient_and_the_missing_file_is_named(fer22_folder, absent):
    for split in ("train", "test"):
        (fer22_folder / f"data_{split}_{absent}.h5").unlink()
    X = load_fer22(fer22_folder)
    assert absent not in X
    name = {"images": "hog_lda", "landmarks": "landmarks_lda"}[absent]
    assert absent in required_columns(make_pipeline(name))
    with pytest.raises(FerError, match=f"'{absent}'.*data_train_{absent}.h5"):
        make_pipeline(name, faces__method="given").fit(X[:24], X.label_codes[:24])


def test_hog_without_landmarks_suggests_to_locate_faces_or_disable_alignment(fer22_folder):
    for split in ("train", "test"):
        (fer22_folder / f"data_{split}_landmarks.h5").unlink()
    X = load_fer22(fer22_folder)
    with pytest.raises(FerError, match=r"data_train_landmarks.h5.*align__method='none'"):
        make_pipeline("hog_lda", faces__method="given").fit(X[:24], X.label_codes[:24])
    unaligned = make_pipeline("hog_lda", align__method="none")
    assert (unaligned.fit(X[:24], X.label_codes[:24]).predict(X[:24]) == X.label_codes[:24]).mean() > 0.9


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("kind", ["images", "landmarks"])
def test_missing_file_of_a_pair(fer22_folder, split, kind):
    (fer22_folder / f"data_{split}_{kind}.h5").unlink()
    check_refused(fer22_folder, f"data_{split}_{kind}.h5")


def test_missing_labels(fer22_folder):
    (fer22_folder / "data_train_labels.h5").unlink()
    check_refused(fer22_folder, "data_train_labels.h5", "missing")


def test_test_split_may_be_missing(fer22_folder):
    for kind in ("images", "landmarks"):
        (fer22_folder / f"data_test_{kind}.h5").unlink()
    assert len(load_fer22(fer22_folder)) == 24


def test_another_key_lists_the_existing_keys(fer22_folder):
    rewrite(fer22_folder, "data_train_images", lambda x: x, key="frames")
    check_refused(fer22_folder, "data_train_images", "frames")


@pytest.mark.parametrize(
    ("stem", "change", "parts"),
    [
        ("data_train_images", lambda x: x[:, 0], ["(24, 100, 90)", "(n, T, H, W)"]),
        ("data_train_images", lambda x: np.stack([x] * 3, -1), ["(24, 3, 100, 90, 3)"]),
        ("data_train_images", lambda x: x.astype(np.uint16), ["uint16", "8-bit"]),
        ("data_train_images", lambda x: x / 255, ["float64", "8-bit"]),
        ("data_train_images", lambda x: x[:20], ["20", "24", "data_train_images.h5", "data_train_landmarks.h5"]),
        ("data_train_images", lambda x: x[:, :2], ["2", "3", "frames"]),
        ("data_train_landmarks", lambda x: x[:, :, :67], ["(24, 3, 67, 2)"]),
        ("data_train_landmarks", lambda x: x[:, 0], ["(24, 68, 2)"]),
        ("data_train_landmarks", lambda x: x.astype("S4"), ["data_train_landmarks.h5", "S4"]),
        ("data_train_labels", lambda x: x[:-1], ["23", "24", "data_train_labels.h5"]),
        ("data_train_labels", lambda x: np.r_[x[:-1], 6], ["6.0", "sample 23", "0 joy"]),
        ("data_train_labels", lambda x: np.r_[-1, x[1:]], ["-1.0", "sample 0"]),
        ("data_train_labels", lambda x: np.r_[0.5, x[1:]], ["0.5", "sample 0"]),
        ("data_train_labels", lambda x: np.r_[np.nan, x[1:]], ["nan", "sample 0"]),
        ("data_train_labels", lambda x: np.eye(6)[x.astype(int)], ["(24, 6)"]),
    ],
)
def test_wrong_shapes_types_and_values_are_named_in_the_message(fer22_folder, stem, change, parts):
    rewrite(fer22_folder, stem, change)
    check_refused(fer22_folder, f"{stem}.h5", *parts)


def test_landmarks_outside_the_image(fer22_folder):
    def away(x):
        x[7, 2, 30] = 900, 40
        return x

    rewrite(fer22_folder, "data_train_landmarks", away)
    check_refused(fer22_folder, "landmark 30 of sample 7, frame 2", "(900, 40)", "90 x 100")


@pytest.mark.parametrize("stem", ["data_train_images", "data_train_landmarks", "data_train_labels", "data_test_images"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.7])
def test_truncated_files(fer22_folder, stem, keep):
    path = fer22_folder / f"{stem}.h5"
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    check_refused(fer22_folder, f"{stem}.h5", "truncated")


def test_file_of_another_format(fer22_folder):
    (fer22_folder / "data_train_images.h5").write_text("not HDF5 at all")
    check_refused(fer22_folder, "data_train_images.h5", "another format")


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_frames_without_landmarks_are_filled_and_samples_without_any_are_missing(fer22_folder, value):
    def gaps(x):
        x = x.astype(float)
        x[3] = value
        x[5, 1] = value
        return x

    rewrite(fer22_folder, "data_train_landmarks", gaps)
    X = load_fer22(fer22_folder)
    points = X["landmarks"]
    assert np.isnan(points[3]).all()
    assert np.allclose(points[5, 1], (points[5, 0] + points[5, 2]) / 2)
    assert np.flatnonzero(X.missing("landmarks")).tolist() == [3]


def test_unknown_folders_and_missing_paths_are_refused(tmp_path):
    with pytest.raises(FerError, match=r"data_train_images\.h5"):
        load_dataset(tmp_path)
    with pytest.raises(FerError, match="does not exist"):
        load_dataset(tmp_path / "nowhere")
    (tmp_path / "data_train_labels.h5").touch()
    with pytest.raises(FerError, match=re.escape("no data_train_images.h5")):
        load_dataset(tmp_path)


def test_landmarks_as_fractions_of_the_image_become_pixels(fer22_folder):
    in_pixels = load_fer22(fer22_folder)["landmarks"]
    for split in ("train", "test"):
        rewrite(fer22_folder, f"data_{split}_landmarks", lambda x: x / np.array([90, 100]))
    assert np.allclose(load_fer22(fer22_folder)["landmarks"], in_pixels, atol=1e-3)


def test_empty_dataset_is_refused(fer22_folder):
    rewrite(fer22_folder, "data_train_images", lambda x: x[:0])
    check_refused(fer22_folder, "data_train_images.h5 is empty", "(0, 3, 100, 90)")


def test_damage_inside_a_compressed_file_raises_on_access(fer22_folder):
    rewrite(fer22_folder, "data_train_images", lambda x: x, chunks=(1, 3, 100, 90), compression="gzip")
    path = fer22_folder / "data_train_images.h5"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    with pytest.raises(FerError, match=r"data_train_images\.h5 cannot be read as HDF5: it is truncated or damaged"):
        load_dataset(fer22_folder, infer_subjects=False)["images"]


@pytest.mark.parametrize("stem", ["data_train_images", "data_train_landmarks", "data_train_labels", "data_test_images"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f, key: f.create_dataset(key, (4,), "u1", external=[("secret", 0, 4)]), "external storage"),
        (lambda f, key: f.__setitem__(key, h5py.ExternalLink("secret.h5", "x")), "external link"),
        (lambda f, key: f.__setitem__(key, h5py.SoftLink("/nowhere")), "soft link"),
        (lambda f, key: f.create_dataset(key, data=h5py.Empty("u1")), "null dataspace"),
        (lambda f, key: f.create_dataset(key, (24, 3, 100, 90), "u1", chunks=(1, 1, 100, 90)), "incomplete"),
        (lambda f, key: f.create_dataset(key, (10**12,), "u1", chunks=(1000,)), "incomplete"),
    ],
)
def test_files_that_declare_values_without_holding_them_are_refused(fer22_folder, stem, make, message):
    (fer22_folder / f"{stem}.h5").unlink()
    with h5py.File(fer22_folder / f"{stem}.h5", "w") as file:
        make(file, stem)
    check_refused(fer22_folder, f"{stem}.h5", message)


@pytest.mark.parametrize("shape", [(24, 3, 100, 90, 3), (24, 100, 90, 3)])
def test_colour_images_are_refused(fer22_folder, shape):
    rewrite(fer22_folder, "data_train_images", lambda _: np.zeros(shape, np.uint8))
    check_refused(fer22_folder, "data_train_images.h5")


def test_meshes_without_irises_are_accepted(fer22_folder):
    mesh = np.random.default_rng(0).uniform(10, 80, (24, 3, 468, 3))
    rewrite(fer22_folder, "data_train_landmarks", lambda _: mesh)
    assert load_fer22(fer22_folder)["landmarks"].shape == (30, 3, 68, 2)
