"""Keys of the feature store: equal for equal settings in any process, and different for other code or parameters."""

import functools
import importlib.util
import os
import subprocess
import sys
import time
import timeit
import types

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from fer_features import Samples
from fer_features.exceptions import FerError
from fer_features.extractors import EXTRACTORS, HOG, LBP, Align, Appearance, Neutral
from fer_features.extractors.cache_keys import cache_key

try:
    import cloudpickle
except ModuleNotFoundError:  # joblib before 1.6 contains a copy
    from joblib.externals import cloudpickle

PLUGIN = """
import numpy as np
from fer_features.extractors import Appearance, register_extractor

WEIGHTS = [1.0, 2.0]
POWER = {power}

def brighten(images):
    return images.astype(float) ** POWER + {offset}

class Brightness(Appearance):
    reference = "nobody"
    parameter_constraints = {{"frame": ("apex",)}}

    def __init__(self, frame="apex"):
        self.frame = frame

    def extract_images(self, images):
        values = brighten(images).mean((1, 2)) * {factor}
        return np.stack([w * values for w in WEIGHTS], 1)

    def image_feature_names(self):
        return ["brightness[first]", "brightness[second]"]
"""


def plugin(power=1, offset=0, factor=1, source=PLUGIN, name="my_plugin"):
    """A module with an extractor of a user, from source that has no file."""
    module = types.ModuleType(name)
    exec(compile(source.format(power=power, offset=offset, factor=factor), f"<{name}>", "exec"), module.__dict__)
    return module


@pytest.fixture
def X():
    images = np.random.default_rng(0).integers(0, 256, (6, 2, 32, 32)).astype(np.uint8)
    return Samples.from_arrays(images=images)


def test_key_contains_module_class_and_parameters():
    assert cache_key(HOG(pixels_per_cell=(8, 6))).startswith(
        "fer_features.extractors.hog.HOG(cells_per_block=2, frame='apex', orientations=9, pixels_per_cell=(8, 6), "
        "signed_gradients=False) "
    )


def test_keys_of_all_extractors_and_transformers_differ():
    steps = [*(spec.make() for spec in EXTRACTORS.values()), Align(), Align("eyes"), Neutral(), Neutral("none")]
    assert len({cache_key(step) for step in steps}) == len(steps)


def test_keys_do_not_depend_on_the_display_options_of_scikit_learn_or_numpy():
    extractor = HOG(pixels_per_cell=tuple(range(1, 2000)))
    expected = cache_key(extractor)
    assert len(expected) > 5000
    with np.printoptions(threshold=3):
        assert cache_key(extractor) == expected


def test_class_of_the_same_name_does_not_get_the_features_of_the_package(X):
    expected = HOG().transform(X)

    class_of_user = type("HOG", (Appearance,), dict(vars(plugin().Brightness)))
    features = class_of_user().transform(X)
    assert X.feature_store.n_computed == 2 * len(X)
    assert features.shape != expected.shape
    np.testing.assert_array_equal(HOG().transform(X), expected)
    assert X.feature_store.n_computed == 2 * len(X)


def test_subclass_does_not_get_the_features_of_its_base_class(X):
    class HalfHOG(HOG):
        def extract_images(self, images):
            return super().extract_images(images) / 2

    HalfHOG.__name__ = HalfHOG.__qualname__ = "HOG"
    np.testing.assert_array_equal(HalfHOG().transform(X), HOG().transform(X) / 2)


@pytest.mark.parametrize("changed", [{"power": 2}, {"offset": 1}, {"factor": 3}])
def test_edited_class_function_or_constant_changes_the_key_and_the_features(X, changed):
    before, after = plugin().Brightness(), plugin(**changed).Brightness()
    assert cache_key(before) == cache_key(plugin().Brightness())
    assert cache_key(before) != cache_key(after)
    assert not np.array_equal(before.transform(X), after.transform(X))


def test_edited_list_of_constants_changes_the_key():
    assert cache_key(plugin().Brightness()) != cache_key(plugin(source=PLUGIN.replace("2.0", "3.0")).Brightness())


def test_redefined_function_in_the_same_module_changes_the_key():
    module = plugin()
    before = cache_key(module.Brightness())
    exec("def brighten(images):\n    return images * 2.0", module.__dict__)
    assert cache_key(module.Brightness()) != before


def test_comments_and_file_name_do_not_change_the_key():
    other = plugin(source=PLUGIN.replace("WEIGHTS = ", "# a comment\n\nWEIGHTS = "))
    assert cache_key(other.Brightness()) == cache_key(plugin().Brightness())


def test_edited_base_class_of_the_user_changes_the_key():
    source = PLUGIN + "\nclass Child(Brightness):\n    pass\n"
    assert cache_key(plugin(source=source).Child()) == cache_key(plugin(source=source).Child())
    assert cache_key(plugin(source=source).Child()) != cache_key(plugin(factor=2, source=source).Child())


def test_edited_plugin_file_does_not_get_stale_features_from_disk(tmp_path):
    path, found = tmp_path / "my_plugin.py", []
    for factor in (1, 1, 2, 1):
        path.write_text(PLUGIN.format(power=1, offset=0, factor=factor))
        sys.dont_write_bytecode, keep = True, sys.dont_write_bytecode  # files of one second have equal bytecode files
        spec = importlib.util.spec_from_file_location("my_plugin", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.dont_write_bytecode = keep
        X = Samples.from_arrays(images=np.full((2, 1, 32, 32), 10, np.uint8))
        X.feature_store.folder = tmp_path / "cache"
        found.append((module.Brightness().transform(X)[0, 0], X.feature_store.n_computed))
    assert found == [(10, 2), (10, 0), (20, 2), (10, 0)]


def test_key_is_the_same_in_another_process_that_gets_the_class_by_value():
    extractor = plugin(name="__main__").Brightness()
    program = (
        "import sys, pickle\nfrom fer_features.extractors import HOG\n"
        "from fer_features.extractors.cache_keys import cache_key\n"
        "extractor = pickle.loads(sys.stdin.buffer.read())\nprint(cache_key(extractor), cache_key(HOG()), sep='|')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        input=cloudpickle.dumps(extractor),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert result.stdout.decode().strip().split("|") == [cache_key(extractor), cache_key(HOG())]


class WithParameter(LBP):
    def __init__(self, value=None):
        super().__init__()
        self.value = value


VALUES = [
    None, True, 1, 2.0, "1", b"1", (1, 2), [1, 2], {1, 2}, {"a": 1}, {"a": 2}, np.arange(3), np.arange(3.0),
    np.arange(2000), np.arange(2000) * (np.arange(2000) != 1000), HOG(), HOG(orientations=8), StandardScaler(), len,
    functools.partial(round, ndigits=1), functools.partial(round, ndigits=2), lambda x: x + 1, lambda x: x + 2,
]  # fmt: skip


def test_each_parameter_value_has_its_own_key():
    keys = [cache_key(WithParameter(value)) for value in VALUES]
    assert len(set(keys)) == len(VALUES)
    assert keys == [cache_key(WithParameter(value)) for value in VALUES]


def test_numpy_scalars_have_the_keys_of_python_numbers():
    assert cache_key(WithParameter(np.int64(3))) == cache_key(WithParameter(3))
    assert cache_key(WithParameter(np.str_("a"))) == cache_key(WithParameter("a"))


def test_parameter_that_cannot_be_hashed_raises(X):
    with pytest.raises(FerError, match=r"WithParameter: a parameter cannot be hashed.*\(.*pickle"):
        WithParameter(value=(x for x in "abc")).transform(X)


def test_key_of_a_class_of_the_package_is_computed_quickly():
    extractor = HOG()
    cache_key(extractor)
    # The best of several measurements, which a pause of the process does not change; CPU time, not wall time.
    seconds = min(timeit.repeat(lambda: cache_key(extractor), number=40, repeat=5, timer=time.process_time)) / 40
    assert seconds < 2e-4
