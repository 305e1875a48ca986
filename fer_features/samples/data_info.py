"""Metadata of a table: where it comes from and what its label codes mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

#: `DataInfo.subjects_from` -> source of the subjects in a sentence.
SUBJECT_SOURCES = {
    "dataset": "from the data set",
    "file": "from a file",
    "file names": "from the file names",
    "inferred": "inferred from the faces",
    "arrays": "given as an array",
}

#: Start of the notes that are warnings.
WARNING_PREFIX = "warning: "


@dataclasses.dataclass(frozen=True)
class DataInfo:
    """Metadata of the source of a table.

    Parameters
    ----------
    dataset : str, default='arrays'
        Name of the data set, as in `DATASETS`; 'arrays' for arrays given by hand.
    classes : tuple of str, default=()
        Name of each label code: ``classes[code]``.
    source : str, default=''
        Folder or file that was read; for a packed data set that from which it was packed.
    licence : str, default=''
        Licence or terms of use of the data; empty where unknown.
    subjects_from : str, default='unknown'
        Source of the subject ids: a key of `SUBJECT_SOURCES`, or 'unknown'.
    subjects_confidence : float, optional
        Of inferred subjects, in [0, 1].
    leakage : str, default=''
        Why scores on this data may be too high although subjects are given; empty otherwise.
    synthetic : bool, default=False
        True if the images are rendered, not photographed.
    cropped : bool, default=False
        True if each image is a face crop already, so that no face detection is needed.
    landmarks_located : bool, default=False
        True if the landmarks were found in the images by the pipeline's own step, and are not part of the data set.
    notes : tuple of str, default=()
        Remarks for the user, such as excluded samples; those that begin with `WARNING_PREFIX` are warnings.
    files : mapping, optional
        Column name to the file that holds it, or that would hold it; used in messages.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import DataInfo, Samples
    >>> info = DataInfo(dataset="crops", classes=("anger", "joy"), cropped=True)
    >>> X = Samples.from_arrays(np.zeros((2, 48, 48), np.uint8), label=[1, 0], info=info)
    >>> X["label"].tolist(), X.info.dataset
    (['joy', 'anger'], 'crops')
    >>> X.info.names_of([0, 1]), X.info.with_notes(["two images were excluded"]).notes
    (['anger', 'joy'], ('warning: the images of all samples are equal', 'two images were excluded'))
    """

    dataset: str = "arrays"
    classes: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""
    subjects_from: str = "unknown"
    subjects_confidence: float | None = None
    leakage: str = ""
    synthetic: bool = False
    cropped: bool = False
    landmarks_located: bool = False
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name of the data set, with a mark if it is synthetic."""
        return dataset_title(self.dataset, self.synthetic)

    def with_notes(self, notes: Iterable[str]) -> DataInfo:
        """The same metadata with further notes; a note that is there already is not repeated."""
        return dataclasses.replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def codes_of(self, labels: Any) -> np.ndarray:
        """Label codes of class names, (n,) int; labels that are codes already are returned unchanged.

        Examples
        --------
        >>> DataInfo(classes=("anger", "joy")).codes_of(["joy", "anger"]).tolist()
        [1, 0]
        """
        labels = np.asarray(labels)
        if labels.dtype.kind not in "UO":
            return labels
        code = {name: i for i, name in enumerate(self.classes)}
        return np.array([code[name] for name in labels], int)

    def names_of(self, labels: Any) -> list[str]:
        """Class names of labels, which are codes or names."""
        return [label if isinstance(label, str) else class_name(self, label) for label in np.asarray(labels).tolist()]


def dataset_title(dataset: str, synthetic: bool) -> str:
    """Name of a data set, with a mark if it is synthetic."""
    return f"{dataset} (synthetic)" if synthetic else dataset


def class_name(info: DataInfo, code: Any) -> str:
    """Name of a label code.

    Parameters
    ----------
    info : DataInfo
    code : int

    Returns
    -------
    str
        The code itself as text where `info` has no name for it.

    Examples
    --------
    >>> info = DataInfo(classes=("anger", "joy"))
    >>> class_name(info, 1), class_name(info, 5)
    ('joy', '5')
    """
    return info.classes[int(code)] if 0 <= int(code) < len(info.classes) else str(code)
