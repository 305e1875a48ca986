"""Data sets: modules that turn files into `Samples`. Adding one is a file and a line here."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from .. import synthetic as demo
from ..exceptions import FerError
from ..samples.table import Samples
from . import fer22, fer2013, folders
from .holdout import with_holdout
from .subjects import with_inferred_subjects, with_subjects_from_file

#: Name -> module with `load` and, for data in files, `recognises`; `TAKES` names the options that its `load` takes.
DATASETS: dict[str, ModuleType] = {"demo": demo, "fer22": fer22, "fer2013": fer2013, "folders": folders}


def load_dataset(
    path: str | Path = "demo",
    subjects: str | Path | None = None,
    n_subjects: int | None = None,
    infer: bool = True,
    *,
    on_error: str = "stop",
    labels: str | None = None,
    subject_pattern: str | None = None,
    holdout: float | None = None,
    cache: str | Path | None = None,
) -> Samples:
    """Read the data at a path, finding out what it is.

    Parameters
    ----------
    path : str or Path
        A folder or file of one of the `DATASETS`; 'demo' for the synthetic sequences drawn by this package.
    subjects : str or Path, optional
        File with a subject id for each training row (see `with_subjects_from_file`). Without it, data that names no
        subjects gets them inferred from the neutral frames, which stills do not have.
    n_subjects : int, optional
        How many people to infer; found where not given.
    infer : bool
        Whether subjects that are not known are inferred, or left out.
    on_error : {'stop', 'skip'}
        Whether faulty rows and pictures are refused, or left out and told in ``info.notes``.
    labels : {'ferplus'}, optional
        Other labels than the data set's own.
    subject_pattern : str, optional
        Regular expression sought in the names of picture files; its first group is the subject.
    holdout : float, optional
        Share of the rows of a folder of pictures without parts that is drawn as its part 'test', see `with_holdout`; 0
        for none. Not given, a fifth of large ones.
    cache : str or Path, optional
        Folder in which stills are kept as HDF5, so that the next reading takes a fraction of the time.

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
        module: ModuleType = demo
    elif not path.exists():
        raise FerError(f"{path} does not exist: a folder or file with data is needed, or 'demo'")
    else:
        module = _module_of(path)
    given = {"labels": labels, "subject_pattern": subject_pattern, "holdout": holdout or None}
    takes = getattr(module, "TAKES", ())
    for name, value in given.items():
        if value is not None and name not in takes:
            raise FerError(
                f"--{name.replace('_', '-')} does not go with {path}, which is {module.__name__.split('.')[-1]}"
            )
    options = {**given, "on_error": on_error, "cache": None if cache is None else Path(cache)}
    X = module.load(*([] if module is demo else [path]), **{k: options[k] for k in takes if k != "holdout"})
    if subjects is not None:
        X = with_subjects_from_file(X, Path(subjects))
    if "holdout" in takes:  # by subject, so after it is known who is who
        X = with_holdout(X, holdout)
    if infer and "subject" not in X:
        if not _stills(X):
            return with_inferred_subjects(X, n_subjects)
        if n_subjects is not None:
            raise FerError(
                f"--n-subjects {n_subjects}: people are inferred from the neutral frames of sequences, and these are "
                "stills; give --subjects FILE or --subject-pattern"
            )
    return X


def _module_of(path: Path) -> ModuleType:
    try:
        for module in DATASETS.values():
            if hasattr(module, "recognises") and module.recognises(path):
                return module
    except OSError as error:
        raise FerError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    raise FerError(
        f"{path} is not a data set that is known: a folder with data_train_images.h5, data_train_landmarks.h5 and "
        "data_train_labels.h5 is, or fer2013.csv, or folders named by class, such as train/happy (see --list)"
    )


def _stills(X: Samples) -> bool:
    return X.info.cropped and "landmarks" not in X and X.column("images").shape[1] == 1


__all__ = ["DATASETS", "load_dataset", "with_holdout", "with_inferred_subjects", "with_subjects_from_file"]
