"""The plan of a search: candidates, samples and folds, and the results obtained so far."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, clone

from ..evaluation.eligible_samples import eligible_samples, groups_for_folds
from ..evaluation.fit_predict import precompute_features
from ..exceptions import FerError
from ..pipelines import can_extract, pipeline_name, set_parameters
from ..samples.feature_store import source_digest
from ..samples.fingerprint import fingerprint
from ..samples.table import Samples
from ..version import __version__
from .fit_and_score import CANDIDATE_ERRORS, candidate_error
from .grids import check_grid, feature_settings, list_candidates
from .journal import FitKey, Journal
from .schedule import OuterFold, make_outer_folds

#: Metrics by which candidates can be selected.
SCORING = ("accuracy", "balanced_accuracy", "macro_f1")

#: `FitKey.fold` of the evaluation of a selected candidate on the test samples of its outer fold.
OUTER_TEST = -1


@dataclasses.dataclass(frozen=True)
class CandidateScore:
    """Mean and SD of a candidate over folds, and its seconds; NaN where a fold is missing or failed."""

    mean: float
    std: float
    seconds: float


class SearchPlan:
    """Candidates, samples and folds of a search; `fer_features.search` describes the parameters.

    Attributes
    ----------
    identity : dict
        Complete description of the search, ready for JSON: equal ones give equal results.
    digest : str
        Short hash of it.
    settings : list of str
        Distinct feature settings among the candidates.
    n_extractor_settings : int
        Distinct settings of single extractors: how often features of a sample are computed at most.
    journal : Journal
    """

    def __init__(
        self,
        model: BaseEstimator,
        X: Samples,
        grid: Mapping[str, Sequence[Any]],
        *,
        cv: str = "5fold",
        nested: str | None = None,
        strategy: str = "grid",
        n_iter: int | None = None,
        scoring: str = "accuracy",
        seed: int = 0,
    ):
        if scoring not in SCORING:
            raise FerError(f"unknown scoring '{scoring}': use {', '.join(SCORING)}")
        grid = check_grid(grid)
        self.model, self.scoring, self.strategy = model, scoring, strategy
        self.journal = Journal(None, {})
        self.candidates = list_candidates(grid, strategy, n_iter, seed)
        set_parameters(clone(model), self.candidates[0])  # all have the same names
        self.settings_of = [feature_settings(model, params) for params in self.candidates]
        self.settings = list(dict.fromkeys(self.settings_of))
        self.invalid: dict[int, str] = {}
        self.feature_keys = {settings: self._probe(X, settings) for settings in self.settings}
        self.n_extractor_settings = len(set().union(*self.feature_keys.values()))
        if len(self.invalid) == len(self.candidates):
            raise FerError(self.invalid[0])
        firsts = [self.settings_of.index(settings) for settings in self.settings]
        usable = [can_extract(self.with_candidate(i), X) for i in firsts if i not in self.invalid]
        # All candidates are evaluated on the same samples: those from which each of them can extract features.
        self.indices, self.excluded = eligible_samples(np.logical_and.reduce(usable), X)
        self.X = X[self.indices]
        self.label = self.X.label_codes
        self.groups = groups_for_folds(self.X)
        self.subject = None if self.groups is None else np.asarray(self.X["subject"])
        self.outer_folds = make_outer_folds(self.label, self.groups, X.info.classes, cv, nested, seed)
        self.identity = self._identity({"cv": cv, "nested": nested, "strategy": strategy, "scoring": scoring}, seed)
        text = json.dumps(self.identity, default=repr)
        self.digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    def score(self, outer_fold: OuterFold, candidate: int) -> CandidateScore:
        """Score of a candidate over the inner folds of an outer fold."""
        keys = [FitKey(outer_fold.name, candidate, fold) for fold in range(len(outer_fold.folds))]
        fits = [self.journal.results.get(key) for key in keys]
        done = [fit for fit in fits if fit is not None and not fit.error]
        if len(done) < len(keys):
            return CandidateScore(math.nan, math.nan, 0.0)
        values = [getattr(fit, self.scoring) for fit in done]
        # Rounded: equal values summed in another order may differ in the last bit.
        return CandidateScore(
            round(float(np.mean(values)), 12), float(np.std(values)), sum(fit.seconds for fit in done)
        )

    def ranking(self, outer_fold: OuterFold) -> list[int]:
        """Candidates that were evaluated on all inner folds, the best first."""
        means = {i: self.score(outer_fold, i).mean for i in range(len(self.candidates))}
        return sorted((i for i, mean in means.items() if not math.isnan(mean)), key=lambda i: (-means[i], i))

    def selected(self, outer_fold: OuterFold) -> int | None:
        """The best candidate, or None where none was evaluated on all inner folds."""
        return next(iter(self.ranking(outer_fold)), None)

    def errors(self) -> dict[int, str]:
        """Reasons of the candidates that failed."""
        found = dict(self.invalid)
        for key, fit in self.journal.results.items():
            if fit.error:
                found.setdefault(key.candidate, fit.error)
        return found

    def with_candidate(self, candidate: int) -> Any:
        """The pipeline with the parameters of a candidate, not fitted."""
        return set_parameters(clone(self.model), self.candidates[candidate])

    def _identity(self, options: dict[str, Any], seed: int) -> dict[str, Any]:
        plain = (bool, int, float, str, dict, tuple, list, type(None))
        # Estimators are left out: their parameters are listed too.
        lists = ("steps", "transformer_list", "estimators")
        params = self.model.get_params().items()
        groups = b"" if self.groups is None else self.groups.tobytes()
        return {
            "pipeline": pipeline_name(self.model),
            "parameters": {k: v for k, v in params if isinstance(v, plain) and not k.endswith(lists)},
            "candidates": self.candidates,
            **options,
            "seed": seed,
            "data": fingerprint(self.X),
            "subjects": hashlib.blake2b(groups, digest_size=16).hexdigest(),
            "code": f"{__version__} {source_digest()} scikit-learn {sklearn.__version__}",
        }

    def _probe(self, X: Samples, settings: str) -> set[str]:
        """Keys of the features of a setting, found by extraction from no sample, which also finds invalid values."""
        empty = X.with_columns()
        try:
            precompute_features(self.with_candidate(self.settings_of.index(settings)), empty[:0])
        except CANDIDATE_ERRORS as error:
            reason = candidate_error(error).error
            self.invalid |= {i: reason for i, one in enumerate(self.settings_of) if one == settings}
        return set(empty.feature_store.keys)
