"""Inspect a data set before training: what ``fer-features inspect`` does, as a function."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from .._progress import progress_enabled
from ..data_profile.inspection import profile_samples
from ..data_profile.profile import DataProfile
from ..inputs import resolve_table
from ..reports.data_profile import data_profile_page
from ..reports.html import write_page
from ..samples.table import Samples


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class InspectionResult(DataProfile):
    """Result of `inspect_data`: a `DataProfile` that can be reported.

    Attributes
    ----------
    seed : int, default=0
        Random state of the example images.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fer_features import Samples, inspect_data
    >>> result = inspect_data(Samples.from_arrays(label=["joy", "fear", "joy"], subject=[1, 1, 2]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = result.report(Path(folder) / "report.html")
    ...     "fear is shown by 1 of 2 subjects" in path.read_text()
    True
    """

    seed: int = 0

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file, whose folder must exist; return its path."""
        return write_page(path, lambda: data_profile_page(self, self.seed))


def inspect_data(X: str | Path | Samples, *, seed: int = 0, verbose: bool = False) -> InspectionResult:
    """Profile of a data set: classes, splits, images, duplicates, subjects and motion, and findings about them.

    Parameters
    ----------
    X : Samples, or path of a data set
        With any columns; statistics of absent columns are None.
    seed : int, default 0
        Random state of the example images of the report.
    verbose : bool, default False
        Show progress.

    Returns
    -------
    InspectionResult

    Raises
    ------
    FerError
        If there is no sample, or a file cannot be read to its end.

    Examples
    --------
    >>> from fer_features import Samples, inspect_data
    >>> profile = inspect_data(Samples.from_arrays(label=["joy", "fear", "joy"], subject=[1, 1, 2]))
    >>> profile
    InspectionResult(3 samples of arrays: 2 classes, 3 findings)
    >>> for finding in profile.findings:
    ...     print(f"{finding.severity}: {finding.text}")
    warning: fear is shown by 1 of 2 subjects.
    warning: 1 subject shows one class only: 2. The model may learn the face instead of the expression.
    pass: No class is more than 5 times as frequent as another.
    """
    with progress_enabled(verbose):
        return InspectionResult(**vars(profile_samples(resolve_table(X))), seed=seed)
