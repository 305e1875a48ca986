"""What a search is going to do, and what is known of its candidates while it does it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, clone

from ..evaluation.cross_validation import describe_all
from ..evaluation.eligible_samples import known_subjects, rows_to_judge
from ..exceptions import FerError
from ..pipelines import describable, name_of, set_parameters
from ..samples.feature_store import source_digest
from ..samples.table import Samples, fingerprint
from ..version import __version__
from .fit_and_score import REFUSALS
from .grids import check_grid, front_settings, list_candidates
from .journal import Journal
from .schedule import Scope, make_scopes

#: What a candidate may be chosen by.
SCORES = ("accuracy", "balanced_accuracy", "macro_f1")


class Plan:
    """Candidates, rows and folds of a search. See `fer_features.model_selection.search.search` for the parameters.

    Attributes
    ----------
    identity : dict
        What is searched, completely and ready for JSON: equal ones end in equal tables.
    digest : str
        A short hash of it.
    settings : list of str
        Distinct ways to make features among the candidates: extractors, alignment, scaling.
    n_described : int
        How often a row is described at most: distinct settings of single extractors.
    journal : Journal
        What is done.
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
        candidates: int | None = None,
        score: str = "accuracy",
        seed: int = 0,
    ):
        if score not in SCORES:
            raise FerError(f"no score '{score}': {', '.join(SCORES)}")
        grid = check_grid(grid)
        self.model, self.cv, self.score = model, cv, score
        self.journal = Journal(None, {})
        self.candidates = list_candidates(grid, strategy, candidates, seed)
        set_parameters(clone(model), self.candidates[0])  # all have the same names
        self.fronts = [front_settings(model, params) for params in self.candidates]
        self.settings = list(dict.fromkeys(self.fronts))
        self.failed: dict[int, str] = {}
        self.keys = {front: self._probe(X, front) for front in self.settings}
        self.n_described = len(set().union(*self.keys.values()))
        if len(self.failed) == len(self.candidates):
            raise FerError(self.failed[0])
        firsts = [self.fronts.index(front) for front in self.settings]
        usable = [describable(self.with_settings(i), X) for i in firsts if i not in self.failed]
        # All candidates are judged on the same rows: those that each of them can describe.
        self.rows, self.left_out = rows_to_judge(np.logical_and.reduce(usable), X)
        self.X = X[self.rows]
        self.label = np.asarray(self.X["label"])
        known = known_subjects(X, self.rows)
        self.subject = None if known is None else np.asarray(self.X["subject"])
        n = len(self.candidates)
        self.scopes = make_scopes(self.label, self.subject, X.info.classes, cv, nested, strategy, seed, n)
        people = [] if self.subject is None else self.subject.astype(str).tolist()
        plain = (bool, int, float, str, dict, tuple, list, type(None))
        # Estimators are no part of it, for their parameters stand beside them.
        lists = ("steps", "transformer_list", "members")
        given = {k: v for k, v in model.get_params().items() if isinstance(v, plain) and not k.endswith(lists)}
        self.strategy = strategy
        self.identity: dict[str, Any] = {
            "pipeline": name_of(model),
            "parameters": given,
            "candidates": self.candidates,
            **{"cv": cv, "nested": nested, "strategy": strategy, "score": score, "seed": seed},
            "data": fingerprint(self.X),
            "subjects": hashlib.blake2b("\n".join(people).encode(), digest_size=16).hexdigest(),
            "code": f"{__version__} {source_digest()} scikit-learn {sklearn.__version__}",
        }
        text = json.dumps(self.identity, default=repr)
        self.digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()

    def mean(self, scope: Scope, candidate: int, stage: int | None = None) -> tuple[float, float, float, int]:
        """Mean and deviation of a candidate over the folds of a stage, its seconds, and the stage.

        The stage is the last that it got through where none is given; the mean is NaN where it got through none.
        """
        for at in reversed(range(len(scope.stages))) if stage is None else [stage]:
            keys = [(scope.name, at, candidate, fold) for fold in range(len(scope.stages[at].folds))]
            entries = [self.journal.results.get(key) for key in keys]
            done = [entry for entry in entries if entry and "error" not in entry]
            if len(done) == len(keys):
                values = [entry[self.score] for entry in done]
                # Equal folds in another order must not differ in the last bit.
                return round(float(np.mean(values)), 12), float(np.std(values)), sum(e["seconds"] for e in done), at
        return math.nan, math.nan, 0.0, 0

    def ranking(self, scope: Scope, stage: int) -> list[int]:
        """Candidates that got through a stage, the best first."""
        means = {i: self.mean(scope, i, stage)[0] for i in range(len(self.candidates))}
        return sorted((i for i, mean in means.items() if not math.isnan(mean)), key=lambda i: (-means[i], i))

    def chosen(self, scope: Scope) -> int | None:
        """The best candidate of the last stage that any got through."""
        for stage in reversed(range(len(scope.stages))):
            if ranking := self.ranking(scope, stage):
                return ranking[0]
        return None

    def errors(self) -> dict[int, str]:
        """Why candidates failed, by their numbers."""
        found = dict(self.failed)
        for (_, _, candidate, _), entry in self.journal.results.items():
            if "error" in entry:
                found.setdefault(candidate, entry["error"])
        return found

    def with_settings(self, candidate: int) -> Any:
        """The pipeline with the parameters of a candidate, not fitted."""
        return set_parameters(clone(self.model), self.candidates[candidate])

    def _probe(self, X: Samples, front: str) -> set[str]:
        """Keys of the features of a setting, found by describing no row at all, which tells wrong values too."""
        nothing = X.with_columns()
        try:
            describe_all(self.with_settings(self.fronts.index(front)), nothing[:0])
        except REFUSALS as error:
            self.failed |= {i: " ".join(str(error).split()) for i, one in enumerate(self.fronts) if one == front}
        return nothing.store.keys
