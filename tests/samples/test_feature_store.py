"""Laws of the feature store: each row is described once a setting, and what is on disk is found only where it holds."""

import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.extractors import HOG
from fer_features.samples import feature_store as cache
from fer_features.samples.feature_store import FeatureStore
from fer_features.samples.table import Samples

N = 10


class Describer:
    """Features [row, factor * row] in blocks of 3, with a count of how often each row was described."""

    def __init__(self, factor=1, stop=N):
        self.factor, self.stop, self.times, self.calls = factor, stop, Counter(), []

    def __call__(self, rows):
        self.calls.append(rows.copy())
        for start in range(0, len(rows), 3):
            if start >= self.stop:
                raise KeyboardInterrupt
            block = rows[start : start + 3]
            self.times.update(block.tolist())
            yield values_of(block, self.factor)


def values_of(rows, factor=1):
    return np.stack([rows, factor * np.asarray(rows)], 1).astype(np.float32)


def refuse(rows):
    pytest.fail(f"rows {rows} are described although their features are kept")


REQUESTS = st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, N - 1), max_size=12)), max_size=8)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(requests=REQUESTS)
def test_each_row_is_described_at_most_once_a_setting_and_comes_in_the_order_asked(requests):
    store, describers = FeatureStore(N), {"a": Describer(2), "b": Describer(3)}
    for key, rows in requests:
        found = store.rows(key, np.array(rows, int), describers[key])
        factor = describers[key].factor
        assert len(found) == len(rows)
        if rows:  # how many features there are is known only once a row is described
            np.testing.assert_array_equal(found, values_of(rows, factor))
        assert found.dtype == np.float32
    for describer in describers.values():
        assert set(describer.times.values()) <= {1}
        for call in describer.calls:
            assert (np.diff(call) > 0).all()
    assert store.described == sum(sum(d.times.values()) for d in describers.values())


def test_features_handed_out_are_copies():
    store = FeatureStore(N)
    store.rows("a", np.arange(N), Describer())[:] = -1
    np.testing.assert_array_equal(store.rows("a", np.arange(N), refuse), values_of(np.arange(N)))


@pytest.mark.parametrize("folder", [False, True])
def test_what_was_described_before_an_interruption_is_kept_and_the_rest_described_when_asked_again(tmp_path, folder):
    store = on_disk(tmp_path) if folder else FeatureStore(N)
    with pytest.raises(KeyboardInterrupt):
        store.rows("a", np.arange(8), Describer(stop=6))
    assert store.described == 6
    store = on_disk(tmp_path) if folder else store
    describer = Describer()
    np.testing.assert_array_equal(store.rows("a", np.arange(8), describer), values_of(np.arange(8)))
    assert sorted(describer.times) == [6, 7]


def test_a_failure_before_the_first_block_leaves_nothing_behind(tmp_path):
    def fail(rows):
        raise ValueError("no")

    store = on_disk(tmp_path)
    with pytest.raises(ValueError, match="no"):
        store.rows("a", np.arange(8), fail)
    assert (store.described, list(tmp_path.iterdir())) == (0, [])
    np.testing.assert_array_equal(store.rows("a", np.arange(8), Describer()), values_of(np.arange(8)))


def test_nan_features_are_kept_and_not_described_again():
    store = FeatureStore(N)
    store.rows("a", np.arange(3), lambda rows: [np.full((3, 2), np.nan, np.float32)])
    assert np.isnan(store.rows("a", np.arange(3), refuse)).all()


def on_disk(folder, content="content", n=N):
    store = FeatureStore(n, lambda: content)
    store.folder = folder
    return store


def test_features_of_the_same_content_are_found_on_disk(tmp_path):
    rows = np.array([7, 2])
    values = on_disk(tmp_path / "new" / "folder").rows("a", rows, Describer())
    np.testing.assert_array_equal(on_disk(tmp_path / "new" / "folder").rows("a", rows, refuse), values)


def test_only_rows_that_are_not_on_disk_are_described(tmp_path):
    on_disk(tmp_path).rows("a", np.arange(4), Describer())
    describer = Describer()
    second = on_disk(tmp_path)
    np.testing.assert_array_equal(second.rows("a", np.arange(N), describer), values_of(np.arange(N)))
    assert sorted(describer.times) == [4, 5, 6, 7, 8, 9]
    assert second.described == 6
    on_disk(tmp_path).rows("a", np.arange(N), refuse)


@pytest.mark.parametrize("changed", ["content", "key", "code"])
def test_features_of_another_content_setting_or_code_are_not_found(tmp_path, monkeypatch, changed):
    on_disk(tmp_path).rows("HOG(cell=8)", np.arange(N), Describer(2))
    if changed == "code":
        monkeypatch.setattr(cache, "source_digest", lambda: "another version")
    store = on_disk(tmp_path, "other" if changed == "content" else "content")
    key = "HOG(cell=16)" if changed == "key" else "HOG(cell=8)"
    np.testing.assert_array_equal(store.rows(key, np.arange(N), Describer(5)), values_of(np.arange(N), 5))
    assert store.described == N


def test_source_digest_is_the_same_twice_and_no_secret_of_a_process():
    first = cache.source_digest()
    cache.source_digest.cache_clear()
    assert cache.source_digest() == first


def test_data_is_hashed_only_where_features_go_to_disk_and_once(tmp_path):
    hashed = []

    def content():
        hashed.append(1)
        return "content"

    store = FeatureStore(N, content)
    store.rows("a", np.arange(3), Describer())
    assert hashed == []
    store.folder = tmp_path
    store.rows("b", np.arange(3), Describer())
    store.rows("c", np.arange(3), Describer())
    assert hashed == [1]


def test_nothing_but_whole_files_is_left_in_the_folder(tmp_path):
    store = on_disk(tmp_path)
    for stop in (3, 6, 9):
        store.rows("a", np.arange(stop), Describer())
    store.rows("b", np.arange(4), Describer())
    paths = list(tmp_path.iterdir())
    assert len(paths) == 2
    assert {path.suffix for path in paths} == {".npz"}


def test_a_pickled_store_knows_its_features_and_writes_nowhere(tmp_path):
    store = on_disk(tmp_path)
    values = store.rows("a", np.arange(4), Describer())
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.rows("a", np.arange(4), refuse), values)
    copy.rows("b", np.arange(4), Describer())
    assert copy.folder is None
    assert len(list(tmp_path.iterdir())) == 1


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_values(path):
    data = bytearray(path.read_bytes())
    data[150:200] = bytes(b ^ 0xFF for b in data[150:200])
    path.write_bytes(data)


def of_another_table(path):
    np.savez(path, values=np.zeros((3, 2), np.float32), known=np.ones(3, bool))


def flip(*positions):
    """Flip bits of the zip file's list of contents."""

    def damage(path):
        data = bytearray(path.read_bytes())
        for position, bits in positions:
            data[position + data.index(b"PK\x01\x02")] ^= bits
        path.write_bytes(data)

    return damage


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": cut_short,
    "some bytes changed": flip_values,
    "text": lambda path: path.write_text("not a zip file"),
    "an array missing": lambda path: np.savez(path, values=np.zeros((N, 2), np.float32)),
    "of another length": of_another_table,
    "marked as encrypted": flip((8, 1)),
    "marked as compressed in an unknown way": flip((10, 99)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_as_good_as_none_and_is_replaced(tmp_path, damage):
    on_disk(tmp_path).rows("a", np.arange(N), Describer())
    (path,) = tmp_path.iterdir()
    damage(path)
    np.testing.assert_array_equal(on_disk(tmp_path).rows("a", np.arange(N), Describer()), values_of(np.arange(N)))
    np.testing.assert_array_equal(on_disk(tmp_path).rows("a", np.arange(N), refuse), values_of(np.arange(N)))


def table(tmp_path, seed=0):
    X = Samples.from_arrays(images=np.random.default_rng(seed).integers(0, 256, (5, 2, 32, 32)).astype(np.uint8))
    X.store.folder = tmp_path
    return X


def test_an_extractor_finds_its_features_of_an_equal_table_on_disk(tmp_path):
    first = HOG(cell=8).transform(table(tmp_path)[[3, 1, 4]])
    again = table(tmp_path)
    np.testing.assert_array_equal(HOG(cell=8).transform(again[[3, 1, 4]]), first)
    assert again.store.described == 0


def test_an_extractor_finds_nothing_on_disk_for_another_parameter_or_table(tmp_path):
    HOG(cell=8).transform(table(tmp_path))
    for X, extractor in ((table(tmp_path), HOG(cell=16)), (table(tmp_path, seed=1), HOG(cell=8))):
        values = extractor.transform(X)
        assert X.store.described == 5
        np.testing.assert_array_equal(values, extractor.transform(X["images"]))


def test_what_is_forgotten_is_described_again_and_the_rest_is_not(tmp_path):
    store = FeatureStore(N)
    for key in ("a", "b"):
        store.rows(key, np.arange(N), Describer())
    assert store.keys == {"a", "b"}
    store.forget(["a", "never asked for"])
    assert store.keys == {"b"}
    np.testing.assert_array_equal(store.rows("b", np.arange(N), refuse), values_of(np.arange(N)))
    store.rows("a", np.arange(N), Describer())
    assert store.described == 3 * N
    kept = on_disk(tmp_path)
    kept.rows("a", np.arange(N), Describer())
    kept.forget(["a"])
    np.testing.assert_array_equal(kept.rows("a", np.arange(N), refuse), values_of(np.arange(N)))
