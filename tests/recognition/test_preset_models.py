"""Presets for still images: fitted on face crops without landmarks, they predict the expression in a photograph."""

import numpy as np
import pytest
import skimage

from fer_features import DataInfo, Recognizer, Samples, load_model, make_pipeline, run_experiment

#: Small models, for the parameters that a preset has.
SMALL_MODEL = {
    **{f"features__{name}__n_train_descriptors": 2000 for name in ("fv", "fvface")},
    **{f"features__{name}__bin_sizes": (4,) for name in ("fv", "fvface")},
    **{f"features__{name}__step": 6 for name in ("fv", "fvface")},
    **{f"features__{name}__n_words": 4 for name in ("fv", "fvface")},
    **{f"features__{name}__n_pca_cell": 8 for name in ("fv", "fvface")},
    **{f"features__{name}__n_train_images": 8 for name in ("fv", "fvface")},
    "classifier__n_components_even": 12,
    "classifier__n_components_odd": 6,
    "classifier__n_inducing": 0,
}


@pytest.fixture(scope="module")
def photograph():
    return skimage.data.astronaut()


@pytest.fixture(scope="module")
def crops(photograph):
    """Crops of 48 pixels of one face, bright and dark, without landmarks; the last one is blank."""
    grey = (255 * skimage.color.rgb2gray(photograph)).astype(np.uint8)[80:176:2, 176:272:2]
    rng = np.random.default_rng(0)
    label = np.arange(12) % 2
    images = [np.clip((0.9 - 0.4 * code) * grey + rng.normal(0, 4, grey.shape), 0, 255) for code in label]
    images[-1][:] = 128
    return Samples.from_arrays(
        np.array(images).astype(np.uint8), label=label, info=DataInfo(cropped=True, classes=("bright", "dark"))
    )


@pytest.mark.parametrize("preset", ["stills", "medium", "small"])
def test_preset_is_fitted_on_crops_and_predicts_a_photograph(preset, crops, photograph, tmp_path):
    valid = make_pipeline(preset).get_params()
    small = SMALL_MODEL.items()
    params = {name: value for name in valid for key, value in small if name == key or name.endswith(f"__{key}")}
    model = make_pipeline(preset, **params)
    experiment = run_experiment(model, crops, cv="2fold")
    assert experiment.scores.metrics.n_samples == len(crops)
    experiment.save(tmp_path / "run")
    (face,) = Recognizer(tmp_path / "run").predict(photograph)
    assert face.landmarks.shape == (68, 2)
    assert face.expression in ("bright", "dark")
    saved = load_model(tmp_path / "run")
    np.testing.assert_allclose(saved.predict_proba(crops), experiment.model.predict_proba(crops), atol=1e-6)
