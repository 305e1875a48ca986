"""Presets: names of pipelines with tuned parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

from .samples.table import Samples

#: Number of still images from which on 'best' is the preset for thousands of images.
MIN_MANY_STILLS = 5000


@dataclasses.dataclass(frozen=True)
class Preset:
    """A name for a pipeline specification with parameters.

    Attributes
    ----------
    specification : str
        The pipeline specification, or the name of the preset that this one changes. A preset with the name of its own
        specification replaces it where it stands alone, but not within a specification with ``+``.
    params : dict
        Parameters that differ from the defaults.
    description : str
        Purpose, for listings.
    """

    specification: str
    params: dict[str, Any]
    description: str

    def __str__(self) -> str:
        """The specification and the parameters."""
        return ", ".join([self.specification, *(f"{k}={v!r}" for k, v in self.params.items())])


#: Fisher vectors of a face crop of 48 pixels.
_FISHER_VECTORS: dict[str, Any] = {
    "features__fv__bin_sizes": (2, 3, 4, 6),
    "features__fv__step": 3,
    "features__fv__n_pca": 48,
    "features__fv__n_words": 64,
    "features__fv__n_pca_cell": 300,
    "features__fv__n_train_descriptors": 200_000,
}
#: The same for the aligned face of 64 x 80 pixels.
_FISHER_VECTORS_OF_FACE = {
    **{key.replace("__fv__", "__fvface__"): value for key, value in _FISHER_VECTORS.items()},
    "features__fvface__step": 4,
}
#: The face as it is, for the extractors that do not align it.
_CROPS: dict[str, Any] = {"align__method": "none", "align__size": 48}
#: HOG of patches around landmarks of the aligned face.
_PATCHES: dict[str, Any] = {
    "features__patches__align_size": 96,
    "features__patches__descriptor": "hog",
    "features__patches__orientations": 8,
    "features__patches__signed_gradients": True,
    "features__patches__points": "inner",
    "features__patches__patch_size": (24, 40),
}
#: Kernel ridge with the same scores for an image and its mirror image.
_MIRROR_INVARIANT: dict[str, Any] = {
    "features__scale": "block",
    "features__mirror": "concatenate",
    "classifier__mirror_invariant": True,
    "classifier__gamma": 2,
    "classifier__alpha": 0.1,
}


def _for_member(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters of a member of an ensemble."""
    return {f"{name}__{key}": value for key, value in params.items()}


PRESETS = {
    "best": Preset(
        "hogdiff_patchesdiff_linear+landmarks_geometry_svm+mbh_svm",
        {
            **_for_member("landmarks_geometry_svm", {"classifier__C": 1, "classifier__gamma": 0.3}),
            **_for_member("mbh_svm", {"classifier__C": 1, "classifier__gamma": 0.3}),
        },
        "sequences: soft voting of texture, shape and motion, for subjects and cameras that were not in training; on "
        "still images it stands for best_stills or stills, depending on their number",
    ),
    "best_stills": Preset(
        "patches_hogpatches_hog_svm",
        {
            "features__hog__pixels_per_cell": (16, 24, 32),
            "features__mirror": "mean",
            "classifier__C": 10,
            "classifier__gamma": 0.2,
        },
        "still images, photographs or crops of faces, hundreds to a few thousand images",
    ),
    "hog_krr": Preset(
        "hog_krr",
        {
            "align__size": 48,
            "features__hog__pixels_per_cell": (12, 8, 6),
            "features__hog__orientations": 8,
            "features__hog__signed_gradients": True,
            **_MIRROR_INVARIANT,
            "classifier__n_components_even": 1000,
            "classifier__n_components_odd": 700,
        },
        "still images of cropped faces such as FER2013, in minutes",
    ),
    "fv_krr": Preset(
        "fv_krr",
        {
            "align__size": 48,
            **_FISHER_VECTORS,
            **_MIRROR_INVARIANT,
            "classifier__n_components_even": 1500,
            "classifier__n_components_odd": 1000,
        },
        "still images of cropped faces such as FER2013, thousands of images",
    ),
    "stills": Preset(
        "fv_fvface_krr+patches_lpqpatches_krr",
        {
            "rule": "product",
            **_for_member(
                "fv_fvface_krr",
                {
                    **_FISHER_VECTORS,
                    **_FISHER_VECTORS_OF_FACE,
                    **_CROPS,
                    **_MIRROR_INVARIANT,
                    "classifier__n_components_even": 1400,
                    "classifier__n_components_odd": 1000,
                },
            ),
            **_for_member(
                "patches_lpqpatches_krr",
                {
                    **_PATCHES,
                    "features__lpqpatches__align_size": 96,
                    "features__transformer_weights": {"patches": 1.0, "lpqpatches": 0.6},
                    **_CROPS,
                    **_MIRROR_INVARIANT,
                    "classifier__n_components_even": 1000,
                    "classifier__n_components_odd": 700,
                },
            ),
        },
        "still images of cropped faces such as FER2013, thousands of images: soft voting of Fisher vectors and of "
        "HOG and LPQ at landmarks",
    ),
    "medium": Preset(
        "stills",
        {
            **_for_member(
                "fv_fvface_krr",
                {
                    "features__fv__n_pca_cell": 60,
                    "features__fvface__n_pca_cell": 60,
                    "classifier__n_components_even": 380,
                    "classifier__n_components_odd": 250,
                    "classifier__store_int8": True,
                },
            ),
            **_for_member(
                "patches_lpqpatches_krr",
                {
                    "classifier__n_components_even": 210,
                    "classifier__n_components_odd": 140,
                    "classifier__store_int8": True,
                },
            ),
        },
        "as stills, with a model of 50 MB",
    ),
    "small": Preset(
        "patches_krr",
        {
            **_PATCHES,
            **_CROPS,
            **_MIRROR_INVARIANT,
            "features__patches__patch_size": 24,
            "classifier__n_components_even": 160,
            "classifier__n_components_odd": 100,
            "classifier__n_inducing": 6000,
        },
        "still images of cropped faces such as FER2013: a model of a few megabytes for live use",
    ),
}


def base_specification(name: str) -> str:
    """The pipeline specification of a preset, which may change another preset; other names are returned as they are.

    Examples
    --------
    >>> base_specification("medium"), base_specification("hog_svm")
    ('fv_fvface_krr+patches_lpqpatches_krr', 'hog_svm')
    """
    while name in PRESETS and PRESETS[name].specification != name:
        name = PRESETS[name].specification
    return name


def preset_for_table(name: str, X: Samples) -> str:
    """The pipeline that a name stands for on some data: what 'best' is depends on them.

    Parameters
    ----------
    name : str
        A pipeline specification or a preset.
    X : Samples

    Returns
    -------
    str
        For 'best' on still images 'best_stills', or 'stills' from `MIN_MANY_STILLS` images on; otherwise `name`.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> preset_for_table("best", Samples.from_arrays(np.zeros((4, 48, 48), np.uint8)))
    'best_stills'
    """
    if name != "best" or "images" not in X or X.column("images").shape[1] > 1:
        return name
    return "best_stills" if len(X) < MIN_MANY_STILLS else "stills"
