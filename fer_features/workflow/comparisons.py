"""Compare evaluated pipelines: what ``fer-features compare`` does, as a function."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from .._atomic import write_text
from .._result_folder import save_results
from ..evaluation.comparison import compare_runs
from ..evaluation.comparison_result import Comparison
from ..evaluation.results import EvaluationResult
from ..plotting.comparison import draw_comparison
from ..reports.comparison import comparison_page
from ..reports.html import write_page

#: Files that `ComparisonResult.write` writes.
COMPARISON_OUTPUTS = ("comparison.json", "comparison.md", "comparison.png", "report.html")


@dataclasses.dataclass(frozen=True, repr=False)
class ComparisonResult(Comparison):
    """Result of `compare`: a `Comparison` that can be saved and reported.

    Attributes
    ----------
    command : str, default=''
        The command line that reproduces it, or empty.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, compare, evaluate
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (24, 2, 68, 2))
    >>> X = Samples.from_arrays(
    ...     landmarks=landmarks, label=np.tile(["fear", "joy"], 12), subject=np.repeat(np.arange(6), 4)
    ... )
    >>> runs = [evaluate(name, X, cv="2fold") for name in ("landmarks_linear", "landmarks_lda")]
    >>> comparison = compare(runs, n_bootstrap=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     comparison.report(Path(folder) / "report.html").stat().st_size > 10_000
    True
    """

    command: str = ""

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file, whose folder must exist; return its path."""
        return write_page(path, lambda: comparison_page(self, self.command))

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write report, figure and tables into a folder; see `Experiment.save`.

        Parameters
        ----------
        folder : str or Path
            It is created if needed.
        overwrite : bool, default=False
            Whether the folder may contain files of an earlier result, which are then replaced.

        Returns
        -------
        Path
        """
        return save_results(folder, COMPARISON_OUTPUTS, "compare", overwrite, self.write)

    def write(self, folder: Path) -> None:
        """Write the files of `save` into a folder that exists, such as that of `ResultFolder.publish`.

        Parameters
        ----------
        folder : Path
            Files with the same names are replaced.
        """
        values = self.to_dict()
        del values["command"]
        write_text(folder / "comparison.json", json.dumps(values, indent=1) + "\n")
        write_text(folder / "comparison.md", self.to_markdown() + "\n")
        draw_comparison(self, folder / "comparison.png")
        self.report(folder / "report.html")


def compare(
    runs: Sequence[EvaluationResult | str | Path],
    names: Sequence[str] | None = None,
    seed: int = 0,
    n_bootstrap: int = 2000,
    *,
    command: str = "",
) -> ComparisonResult:
    """Compare pipelines that were evaluated on the same samples with the same folds.

    Parameters
    ----------
    runs : sequence of EvaluationResult, str or Path
        Results of `evaluate`, or folders written by `Experiment.save`; two or more.
    names : sequence of str, optional
        Name of each run; by default its pipeline, with the folder where several have the same pipeline.
    seed : int, default 0
        Random state of the bootstrap.
    n_bootstrap : int, default 2000
    command : str, default ''
        The command line, for the report.

    Returns
    -------
    ComparisonResult

    Raises
    ------
    FerError
        Where runs differ in data, protocol, samples, folds or subjects; each difference is named.

    Notes
    -----
    The unit is the subject: subjects are resampled for intervals and ranked for tests. McNemar's test assumes
    independent samples, which those of one subject are not. Each test is corrected by Holm's method over all pairs.
    Differences of single classes and subjects are not corrected: they are exploratory. Models are not trained again:
    the variation by another training set is in none of these values.

    References
    ----------
    Q. McNemar, Psychometrika 12, 1947, doi:10.1007/BF02295996 (samples).
    F. Wilcoxon, Biometrics Bulletin 1, 1945, doi:10.2307/3001968 (subjects; zeros are ranked with the others).
    J. Demsar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006,
    https://www.jmlr.org/papers/v7/demsar06a.html (mean ranks, Friedman's and Nemenyi's tests; here over subjects).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, compare, evaluate
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (40, 2, 68, 2))
    >>> X = Samples.from_arrays(landmarks=landmarks, label=np.arange(40) % 2, subject=np.arange(40) // 4)
    >>> compare([evaluate(name, X, cv="2fold") for name in ("landmarks_linear", "landmarks_lda")])
    ComparisonResult(landmarks_linear, landmarks_lda: 40 samples of arrays)
    """
    found = compare_runs(runs, names, seed, n_bootstrap)
    return ComparisonResult(**vars(found), command=command)
