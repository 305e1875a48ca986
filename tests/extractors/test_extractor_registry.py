"""Registration of extractors from outside the package."""

import numpy as np
import pytest

from fer_features import FerError, Samples, make_pipeline
from fer_features.extractors import EXTRACTORS, HOG, Appearance, register_extractor
from fer_features.model_selection.grids import default_grid
from fer_features.pipelines import pipeline_name

from ..conftest import draw_clips


@pytest.fixture(autouse=True)
def unchanged_registry(monkeypatch):
    monkeypatch.setattr("fer_features.extractors.extractor_registry.EXTRACTORS", EXTRACTORS)
    before = dict(EXTRACTORS)
    yield
    EXTRACTORS.clear()
    EXTRACTORS.update(before)


class Brightness(Appearance):
    """Mean grey value over columns."""

    def __init__(self, frame="apex", n_columns=3):
        self.frame = frame
        self.n_columns = n_columns

    def extract_images(self, images):
        return np.stack([part.mean((1, 2)) for part in np.array_split(images, self.n_columns, axis=2)], 1)

    def image_feature_names(self):
        return [f"brightness[column={c}]" for c in range(self.n_columns)]


def test_registered_class_is_an_extractor_of_pipelines_and_searches():
    returned = register_extractor("brightness", Brightness, {"n_columns": 4}, {"n_columns": (2, 4)})
    assert returned is Brightness
    model = make_pipeline("brightness_landmarks_linear", features__brightness__frame="both", calibration_cv=0)
    assert model.get_params()["features__brightness__n_columns"] == 4
    assert pipeline_name(model) == "brightness_landmarks_linear"
    images, landmarks, label, subject = draw_clips(n_subjects=2)
    X = Samples.from_arrays(images=images, landmarks=landmarks, label=label, subject=subject)
    assert model.fit(X, label).predict(X).shape == label.shape
    assert default_grid("brightness_linear")["features__brightness__n_columns"] == [2, 4]


def test_decorator_registers_a_class_and_returns_it():
    @register_extractor("decorated", params={"n_columns": 2})
    class Decorated(Brightness):
        pass

    assert isinstance(EXTRACTORS["decorated"].make(), Decorated)
    assert EXTRACTORS["decorated"].extractor_class is Decorated


def test_factory_may_be_a_function():
    @register_extractor("coarsehog", params={"side": 24})
    def coarse_hog(side):
        return HOG(pixels_per_cell=side, cells_per_block=1)

    assert make_pipeline("coarsehog_svm").get_params()["features__coarsehog__pixels_per_cell"] == 24
    assert EXTRACTORS["coarsehog"].extractor_class is HOG


@pytest.mark.parametrize("name", ["my_hog", "a+b", "", "a b", 3])
def test_invalid_name_raises(name):
    with pytest.raises(FerError, match="letters, digits and hyphens"):
        register_extractor(name, Brightness)


def test_taken_name_raises_and_keeps_the_extractor():
    with pytest.raises(FerError, match="'hog' is already taken"):
        register_extractor("hog", Brightness)
    assert EXTRACTORS["hog"].extractor_class is HOG


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3,), "a class or a function is needed"),
        ((dict,), "a subclass of fer_features.extractors.Extractor is needed"),
        ((Brightness, {"sides": 2}), "cannot be made with the parameters"),
        ((Brightness, None, {"sides": [2]}), "Brightness has no parameter 'sides'"),
    ],
)
def test_invalid_registration_raises(arguments, words):
    with pytest.raises(FerError, match=words):
        register_extractor("new", *arguments)
    assert "new" not in EXTRACTORS


def test_random_state_of_a_pipeline_reaches_a_registered_extractor():
    @register_extractor("noise")
    class Noise(Brightness):
        def __init__(self, random_state=0, frame="apex", n_columns=3):
            super().__init__(frame, n_columns)
            self.random_state = random_state

    assert make_pipeline("noise_svm", random_state=7).get_params()["features__noise__random_state"] == 7
