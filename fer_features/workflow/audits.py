"""Check whether the score of a pipeline can be trusted: what ``fer-features check`` does, as a function."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from .._atomic import write_text
from .._progress import progress_enabled
from .._result_folder import save_results
from .._serialization import json_ready
from ..audit.context import STATUSES, Check
from ..audit.score_checks import MAX_SAMPLES, iterate_checks
from ..inputs import resolve_inputs
from ..pipelines import check_columns, pipeline_name
from ..reports.audit import audit_page
from ..reports.html import write_page
from ..samples.fingerprint import fingerprint
from ..samples.table import Samples
from ..version import versions

#: Files that `CheckResult.write` writes.
CHECK_OUTPUTS = ("check.json", "report.html")


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class CheckResult:
    """Result of `check`: the checks of a pipeline and its data, in order; iterating gives them.

    Attributes
    ----------
    checks : tuple of Check
    X : Samples
        The table that was checked.
    pipeline : str
        Pipeline specification.
    settings : dict
        Parameters that were set by name.
    max_samples : int
        Largest number of samples for repeated fits.
    command : str, default=''
        The command line that reproduces it, or empty.
    command_options : dict, optional
        Its options.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from fer_features import Samples, check, make_pipeline
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (16, 2, 68, 2))
    >>> X = Samples.from_arrays(landmarks=landmarks, label=np.arange(16) % 2, subject=np.arange(16) // 4)
    >>> result = check(make_pipeline("landmarks_lda", calibration_cv=0), X, n_permutations=1)
    >>> [found.status for found in result if found.name == "label leakage"]
    ['pass']
    >>> print(result.to_frame().loc["classes by subject", "message"])
    every class is shown by at least 4 of 4 subjects; ...
    >>> sum(result.counts.values()) == len(result.checks)
    True
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (result.save(Path(folder) / "check") / "report.html").exists()
    True
    """

    checks: tuple[Check, ...]
    X: Samples
    pipeline: str
    settings: Mapping[str, Any]
    max_samples: int
    command: str = ""
    command_options: Mapping[str, Any] | None = None

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    @property
    def counts(self) -> dict[str, int]:
        """Number of checks by status."""
        return {status: sum(one.status == status for one in self.checks) for status in STATUSES}

    def to_frame(self) -> pd.DataFrame:
        """Status and message, with the names of the checks as index."""
        rows = [(one.name, one.status, one.message) for one in self.checks]
        return pd.DataFrame(rows, columns=["check", "status", "message"]).set_index("check")

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file, whose folder must exist; return its path."""
        arguments = (self.pipeline, self.settings, self.checks, self.X, self.max_samples, self.command)
        return write_page(path, lambda: audit_page(*arguments))

    def save(self, folder: str | Path, overwrite: bool = False) -> Path:
        """Write check.json and report.html into a folder; see `Experiment.save`.

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
        return save_results(folder, CHECK_OUTPUTS, "check", overwrite, self.write)

    def write(self, folder: Path) -> None:
        """Write the files of `save` into a folder that exists, such as that of `ResultFolder.publish`.

        Parameters
        ----------
        folder : Path
            Files with the same names are replaced.
        """
        record: dict[str, Any] = {
            "pipeline": self.pipeline,
            "settings": json_ready(dict(self.settings)),
            "dataset": self.X.info.dataset,
            "synthetic": self.X.info.synthetic,
            "checks": [one.to_dict() for one in self.checks],
            "fingerprint": fingerprint(self.X),
            "versions": versions(),
        }
        if self.command_options is not None:
            record["command"] = dict(self.command_options)
        write_text(folder / "check.json", json.dumps(record, indent=1) + "\n")
        self.report(folder / "report.html")

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.counts.items() if n)
        return f"{type(self).__name__}({self.pipeline} on {self.X.info.dataset}: {counts})"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.to_frame().to_html(border=0)}"


def check(
    model: str | BaseEstimator,
    X: str | Path | Samples,
    *,
    split: str = "grouped",
    n_permutations: int = 50,
    max_samples: int = MAX_SAMPLES,
    seed: int = 0,
    n_jobs: int = 1,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    command: str = "",
    command_options: Mapping[str, Any] | None = None,
    on_check: Callable[[Check], None] | None = None,
    verbose: bool = False,
) -> CheckResult:
    """Check whether the score of a pipeline can be trusted.

    Parameters
    ----------
    model : str or estimator
        Pipeline specification, or any scikit-learn classifier that takes `Samples`. It is cloned, not fitted.
    X : Samples, or path of a data set
        As for `evaluate`.
    split : {'grouped', 'random'}, default 'grouped'
        The folds of the score to be checked: grouped by subject, or random samples, which fail if subjects leak.
    n_permutations : int, default 50
        Permutations of the labels; the smallest p-value is ``1 / (1 + n_permutations)``.
    max_samples : int, default 2000
        Samples for the checks that fit the pipeline many times.
    seed : int, default 0
        Random state of folds, permutations and subsets.
    n_jobs : int, default 1
        Fits run in parallel worker processes; -1 for all cores.
    name, settings, command, command_options
        See `run_experiment`.
    on_check : callable, optional
        Called with each check as soon as its result is known.
    verbose : bool, default False
        Show progress.

    Returns
    -------
    CheckResult

    Raises
    ------
    FerError
        For a single class or subject, an absent column, or without a sample to train on.

    References
    ----------
    M. Ojala, G. Garriga, "Permutation tests for studying classifier performance", JMLR 11, 2010,
    https://www.jmlr.org/papers/v11/ojala10a.html (the check with permuted labels).

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples, check, make_pipeline
    >>> landmarks = np.random.default_rng(0).normal(50, 9, (16, 2, 68, 2))
    >>> X = Samples.from_arrays(landmarks=landmarks, label=np.arange(16) % 2, subject=np.arange(16) // 4)
    >>> result = check(make_pipeline("landmarks_lda", calibration_cv=0), X, n_permutations=1)
    >>> result.to_frame().loc["classes by subject", "status"]
    'pass'
    """
    checks = []
    with progress_enabled(verbose):
        pipeline, table, chosen = resolve_inputs(model, X, seed, settings)
        check_columns(pipeline, table)
        options: dict[str, Any] = {"split": split, "n_permutations": n_permutations, "max_samples": max_samples}
        for one in iterate_checks(pipeline, table, **options, seed=seed, n_jobs=n_jobs):
            checks.append(one)
            if on_check is not None:
                on_check(one)
    name = name or (model if isinstance(model, str) else pipeline_name(pipeline))
    return CheckResult(tuple(checks), table, name, chosen, max_samples, command, command_options)
