"""Data sets: modules that turn files into `Samples`. Adding one is a file and a line here."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from ..errors import FerError
from ..samples import Samples
from . import demo, fer22
from .subjects import with_inferred_subjects, with_subjects_from_file

#: Name -> module with `load` and, for data in files, `recognises`.
DATASETS: dict[str, ModuleType] = {"demo": demo, "fer22": fer22}


def load_dataset(
    path: str | Path = "demo",
    subjects: str | Path | None = None,
    n_subjects: int | None = None,
    infer: bool = True,
) -> Samples:
    """Read the data at a path, finding out what it is.

    Parameters
    ----------
    path : str or Path
        A folder of one of the `DATASETS`; 'demo' for the synthetic sequences drawn by this package.
    subjects : str or Path, optional
        File with a subject id for each training row (see `with_subjects_from_file`). Without it, data that names no
        subjects gets them inferred from the neutral frames.
    n_subjects : int, optional
        How many people to infer; found where not given.
    infer : bool
        Whether subjects that are not known are inferred, or left out.

    Returns
    -------
    Samples

    Raises
    ------
    FerError
        For a path that does not exist or holds none of the known layouts, and for every fault of the files.
    """
    path = Path(path)
    if str(path) == "demo" and not path.exists():
        X = demo.load()
    elif not path.exists():
        raise FerError(f"{path} does not exist: a folder with data is needed, or 'demo'")
    else:
        for module in DATASETS.values():
            if hasattr(module, "recognises") and module.recognises(path):
                X = module.load(path)
                break
        else:
            raise FerError(
                f"{path} is not a data set that is known: a folder with data_train_images.h5, "
                "data_train_landmarks.h5 and data_train_labels.h5 is (see --list)"
            )
    if subjects is not None:
        return with_subjects_from_file(X, Path(subjects))
    if infer and "subject" not in X:
        return with_inferred_subjects(X, n_subjects)
    return X


__all__ = ["DATASETS", "load_dataset", "with_inferred_subjects", "with_subjects_from_file"]
