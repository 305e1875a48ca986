"""The synthetic data set as `Samples`: sequences that `fer_features.synthetic` renders, without any files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ..expressions import FER22_CLASSES
from ..samples.table import DataInfo, Samples
from ..synthetic import generate
from .dataset import Dataset


def load_demo(path: Path = Path("demo"), seed: int = 0) -> Samples:
    """Render the synthetic data set; about 3 s on two cores, once per process and seed.

    Parameters
    ----------
    path : Path
        Ignored; every data set is loaded by path.
    seed : int, default=0
        Seed of subjects and sequences.

    Returns
    -------
    Samples
        360 sequences with the columns 'images', 'landmarks', 'label' (unknown in the test split), 'subject', 'split',
        'id' (position within the split).
    """
    return _load(seed)


#: Terms of use of the rendered faces.
LICENCE = "rendered by this package, and under its licence: BSD-3-Clause"


@lru_cache(maxsize=2)
def _load(seed: int) -> Samples:
    sequences = generate(seed=seed)
    test = sequences.split == "test"
    position = np.where(test, np.cumsum(test), np.cumsum(~test)) - 1
    return Samples.from_arrays(
        images=sequences.images,
        landmarks=sequences.landmarks,
        label=np.where(test, -1, sequences.label),
        subject=sequences.subject,
        split=sequences.split,
        id=position,
        info=DataInfo(
            dataset="demo",
            classes=FER22_CLASSES,
            source=f"generated, seed {seed}",
            subjects_from="dataset",
            synthetic=True,
            licence=LICENCE,
        ),
    )


def _can_load(path: Path) -> bool:
    return path == Path("demo") and not path.exists()


DEMO = Dataset(
    name="demo",
    description="synthetic sequences with landmarks and subjects, rendered by this package",
    layout="the word demo, where no file or folder has that name",
    can_load=_can_load,
    load=load_demo,
    reference="Ekman and Friesen, Facial Action Coding System, 1978",
    licence=LICENCE,
    homepage="part of this package",
)
