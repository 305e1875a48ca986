"""Feature store: each sample is extracted once per setting, and features on disk are used only where they are valid."""

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.extractors import HOG
from fer_features.samples import feature_store as module
from fer_features.samples.feature_store import FeatureStore
from fer_features.samples.table import Samples

N = 10


class Extractor:
    """Features [index, factor * index] in blocks of 3, with a count of the extractions of each sample."""

    def __init__(self, factor=1, stop=N):
        self.factor, self.stop, self.times, self.calls = factor, stop, Counter(), []

    def __call__(self, indices):
        self.calls.append(indices.copy())
        for start in range(0, len(indices), 3):
            if start >= self.stop:
                raise KeyboardInterrupt
            block = indices[start : start + 3]
            self.times.update(block.tolist())
            yield values_of(block, self.factor)


def values_of(indices, factor=1):
    return np.stack([indices, factor * np.asarray(indices)], 1).astype(np.float32)


def refuse(indices):
    pytest.fail(f"samples {indices} are extracted although their features are stored")


REQUESTS = st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, N - 1), max_size=12)), max_size=8)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(requests=REQUESTS)
def test_each_sample_is_extracted_at_most_once_per_setting_and_returned_in_the_requested_order(requests):
    store, extractors = FeatureStore(N), {"a": Extractor(2), "b": Extractor(3)}
    for key, indices in requests:
        found = store.features(key, np.array(indices, int), extractors[key])
        factor = extractors[key].factor
        assert len(found) == len(indices)
        if indices:  # the number of features is known after the first extraction
            np.testing.assert_array_equal(found, values_of(indices, factor))
        assert found.dtype == np.float32
    for extractor in extractors.values():
        assert set(extractor.times.values()) <= {1}
        for call in extractor.calls:
            assert (np.diff(call) > 0).all()
    assert store.n_computed == sum(sum(d.times.values()) for d in extractors.values())


def test_returned_features_are_copies():
    store = FeatureStore(N)
    store.features("a", np.arange(N), Extractor())[:] = -1
    np.testing.assert_array_equal(store.features("a", np.arange(N), refuse), values_of(np.arange(N)))


@pytest.mark.parametrize("folder", [False, True])
def test_blocks_before_an_interruption_are_kept(tmp_path, folder):
    store = on_disk(tmp_path) if folder else FeatureStore(N)
    with pytest.raises(KeyboardInterrupt):
        store.features("a", np.arange(8), Extractor(stop=6))
    assert store.n_computed == 6
    store = on_disk(tmp_path) if folder else store
    extractor = Extractor()
    np.testing.assert_array_equal(store.features("a", np.arange(8), extractor), values_of(np.arange(8)))
    assert sorted(extractor.times) == [6, 7]


def test_failure_before_the_first_block_stores_nothing(tmp_path):
    def fail(indices):
        raise ValueError("no")

    store = on_disk(tmp_path)
    with pytest.raises(ValueError, match="no"):
        store.features("a", np.arange(8), fail)
    assert (store.n_computed, list(tmp_path.iterdir())) == (0, [])
    np.testing.assert_array_equal(store.features("a", np.arange(8), Extractor()), values_of(np.arange(8)))


def test_nan_features_are_stored():
    store = FeatureStore(N)
    store.features("a", np.arange(3), lambda indices: [np.full((3, 2), np.nan, np.float32)])
    assert np.isnan(store.features("a", np.arange(3), refuse)).all()


def on_disk(folder, content="content", n=N):
    store = FeatureStore(n, lambda: content)
    store.folder = folder
    return store


def test_features_of_equal_content_are_read_from_disk(tmp_path):
    indices = np.array([7, 2])
    values = on_disk(tmp_path / "new" / "folder").features("a", indices, Extractor())
    np.testing.assert_array_equal(on_disk(tmp_path / "new" / "folder").features("a", indices, refuse), values)


def test_only_samples_that_are_not_on_disk_are_extracted(tmp_path):
    on_disk(tmp_path).features("a", np.arange(4), Extractor())
    extractor = Extractor()
    second = on_disk(tmp_path)
    np.testing.assert_array_equal(second.features("a", np.arange(N), extractor), values_of(np.arange(N)))
    assert sorted(extractor.times) == [4, 5, 6, 7, 8, 9]
    assert second.n_computed == 6
    on_disk(tmp_path).features("a", np.arange(N), refuse)


@pytest.mark.parametrize("changed", ["content", "key", "code"])
def test_features_of_another_content_setting_or_version_are_not_read(tmp_path, monkeypatch, changed):
    on_disk(tmp_path).features("HOG(pixels_per_cell=8)", np.arange(N), Extractor(2))
    if changed == "code":
        monkeypatch.setattr(module, "source_digest", lambda: "another version")
    store = on_disk(tmp_path, "other" if changed == "content" else "content")
    key = "HOG(pixels_per_cell=16)" if changed == "key" else "HOG(pixels_per_cell=8)"
    np.testing.assert_array_equal(store.features(key, np.arange(N), Extractor(5)), values_of(np.arange(N), 5))
    assert store.n_computed == N


def test_source_digest_does_not_depend_on_the_process():
    first = module.source_digest()
    module.source_digest.cache_clear()
    assert module.source_digest() == first


@pytest.mark.parametrize(
    "changed", ["vision/hog.py", "extractors/deep/base.py", "samples/table.py", "faces/parts/cascade.py", "cli/run.py"]
)
def test_source_digest_covers_the_modules_that_decide_features(tmp_path, monkeypatch, changed):
    package = tmp_path / "package"
    for name in ("vision/hog.py", "extractors/deep/base.py", "samples/feature_store.py", "samples/table.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("old")
    monkeypatch.setattr(module, "__file__", str(package / "samples" / "feature_store.py"))
    digest = module.source_digest.__wrapped__
    before = digest()
    (package / changed).parent.mkdir(parents=True, exist_ok=True)
    (package / changed).write_text("new")
    assert (digest() == before) == (changed == "cli/run.py")


def test_data_is_hashed_once_and_only_for_features_on_disk(tmp_path):
    hashed = []

    def content():
        hashed.append(1)
        return "content"

    store = FeatureStore(N, content)
    store.features("a", np.arange(3), Extractor())
    assert hashed == []
    store.folder = tmp_path
    store.features("b", np.arange(3), Extractor())
    store.features("c", np.arange(3), Extractor())
    assert hashed == [1]


def test_folder_holds_complete_files_only(tmp_path):
    store = on_disk(tmp_path)
    for stop in (3, 6, 9):
        store.features("a", np.arange(stop), Extractor())
    store.features("b", np.arange(4), Extractor())
    paths = list(tmp_path.iterdir())
    assert len(paths) == 2
    assert {path.suffix for path in paths} == {".npz"}


def test_unpickled_store_has_its_features_and_does_not_write(tmp_path):
    store = on_disk(tmp_path)
    values = store.features("a", np.arange(4), Extractor())
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.features("a", np.arange(4), refuse), values)
    copy.features("b", np.arange(4), Extractor())
    assert copy.folder is None
    assert len(list(tmp_path.iterdir())) == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_values(path):
    data = bytearray(path.read_bytes())
    data[150:200] = bytes(b ^ 0xFF for b in data[150:200])
    path.write_bytes(data)


def other_length(path):
    np.savez(path, values=np.zeros((3, 2), np.float32), known=np.ones(3, bool))


def flip(*positions):
    """Flip bits of the central directory of the zip file."""

    def damage(path):
        data = bytearray(path.read_bytes())
        for position, bits in positions:
            data[position + data.index(b"PK\x01\x02")] ^= bits
        path.write_bytes(data)

    return damage


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": truncate,
    "some bytes changed": flip_values,
    "text": lambda path: path.write_text("not a zip file"),
    "missing array": lambda path: np.savez(path, values=np.zeros((N, 2), np.float32)),
    "other length": other_length,
    "marked as encrypted": flip((8, 1)),
    "marked with an unknown compression": flip((10, 99)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_file_is_ignored_and_replaced(tmp_path, damage):
    on_disk(tmp_path).features("a", np.arange(N), Extractor())
    (path,) = tmp_path.iterdir()
    damage(path)
    np.testing.assert_array_equal(on_disk(tmp_path).features("a", np.arange(N), Extractor()), values_of(np.arange(N)))
    np.testing.assert_array_equal(on_disk(tmp_path).features("a", np.arange(N), refuse), values_of(np.arange(N)))


def table(tmp_path, seed=0):
    X = Samples.from_arrays(images=np.random.default_rng(seed).integers(0, 256, (5, 2, 32, 32)).astype(np.uint8))
    X.feature_store.folder = tmp_path
    return X


def test_hog_of_an_equal_table_is_read_from_disk(tmp_path):
    first = HOG(pixels_per_cell=8).transform(table(tmp_path)[[3, 1, 4]])
    again = table(tmp_path)
    np.testing.assert_array_equal(HOG(pixels_per_cell=8).transform(again[[3, 1, 4]]), first)
    assert again.feature_store.n_computed == 0


def test_hog_of_another_parameter_or_table_is_not_read_from_disk(tmp_path):
    HOG(pixels_per_cell=8).transform(table(tmp_path))
    for X, extractor in ((table(tmp_path), HOG(pixels_per_cell=16)), (table(tmp_path, seed=1), HOG(pixels_per_cell=8))):
        values = extractor.transform(X)
        assert X.feature_store.n_computed == 5
        np.testing.assert_array_equal(values, extractor.transform(X["images"]))


def test_discarded_features_are_extracted_again_and_others_are_not(tmp_path):
    store = FeatureStore(N)
    for key in ("a", "b"):
        store.features(key, np.arange(N), Extractor())
    assert store.keys == {"a", "b"}
    store.discard(["a", "never requested"])
    assert store.keys == {"b"}
    np.testing.assert_array_equal(store.features("b", np.arange(N), refuse), values_of(np.arange(N)))
    store.features("a", np.arange(N), Extractor())
    assert store.n_computed == 3 * N
    kept = on_disk(tmp_path)
    kept.features("a", np.arange(N), Extractor())
    kept.discard(["a"])
    np.testing.assert_array_equal(kept.features("a", np.arange(N), refuse), values_of(np.arange(N)))


@pytest.mark.parametrize("folder", [False, True])
def test_features_are_not_kept_in_memory_where_a_single_fit_uses_them(tmp_path, folder):
    X = Samples.from_arrays(landmarks=np.zeros((N, 1, 68, 2)))
    X.feature_store.folder = tmp_path if folder else None
    n_extracted = []

    def extract(samples):
        n_extracted.append(len(samples))
        yield values_of(np.arange(len(samples)))

    with X.feature_store.without_keeping():
        values = [X.features("a", extract), X[:0].features("a", lambda samples: []), X.features("a", extract)]
    assert X.feature_store.n_computed == sum(n_extracted)
    kept = X.features("a", extract)
    assert n_extracted == ([N] if folder else [N, N, N])
    assert [value.tolist() for value in (values[0], values[2], kept)] == [values_of(np.arange(N)).tolist()] * 3
    assert X.features("a", refuse).tolist() == kept.tolist()
    with X.feature_store.without_keeping():
        assert X.features("a", refuse).tolist() == kept.tolist()
