"""Runs the fits of a search, in an order that computes the features of each setting once."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator

import joblib
import numpy as np

from .._parallel import parallel
from ..evaluation.fit_predict import precompute_features
from .fit_and_score import CANDIDATE_ERRORS, candidate_error, fit_and_score
from .journal import FitKey
from .plan import OUTER_TEST, SearchPlan
from .schedule import OuterFold


class SearchRunner:
    """Runs the fits that the journal of a search lacks.

    Parameters
    ----------
    plan : SearchPlan
    n_jobs : int
        Fits run in parallel.
    time_limit : float or None
        Minutes after which no new candidate is begun.

    Attributes
    ----------
    finished : bool
        False where the time limit ended the search.

    Notes
    -----
    The features of a setting are computed for all outer folds and candidates that use it, and then discarded, unless
    the setting has the best candidate of an outer fold so far, which will be needed again.
    """

    def __init__(self, plan: SearchPlan, n_jobs: int, time_limit: float | None):
        self.plan, self.n_jobs, self.finished = plan, n_jobs, True
        self._deadline = math.inf if time_limit is None else time.monotonic() + 60 * time_limit
        self._token = uuid.uuid4().hex
        self._earlier_keys = plan.X.feature_store.keys  # of the caller; not discarded

    def steps(self) -> Iterator[None]:
        """Run the fits one after the other; each is in the journal when this yields."""
        plan = self.plan
        valid = [i for i in range(len(plan.candidates)) if i not in plan.invalid]
        order = [settings for settings in plan.settings if any(plan.settings_of[i] == settings for i in valid)]
        for position, settings in enumerate(order):
            members = [i for i in valid if plan.settings_of[i] == settings]
            # With a time limit each candidate is completed before the next; without, the scaled features of a fold
            # are shared by all candidates.
            for candidates in [[i] for i in members] if self._deadline < math.inf else [members]:
                fits = self._missing(candidates)
                if fits and time.monotonic() > self._deadline and plan.journal.results:
                    self.finished = False
                    break
                yield from self._run(fits)
            self._discard(order[position + 1 :])
            if not self.finished:
                break
        for outer_fold in plan.outer_folds[1:]:
            best = plan.selected(outer_fold)
            if best is not None and FitKey(outer_fold.name, best, OUTER_TEST) not in plan.journal.results:
                yield from self._run([(outer_fold, best, OUTER_TEST)])

    def total(self) -> int:
        """Number of missing fits, if no candidate fails."""
        plan = self.plan
        n = len(plan.candidates) - len(plan.invalid)
        n_fits = n * sum(len(outer_fold.folds) for outer_fold in plan.outer_folds)
        return max(1, n_fits + len(plan.outer_folds) - 1 - plan.journal.n_resumed)

    def _missing(self, candidates: list[int]) -> list[tuple[OuterFold, int, int]]:
        return [
            (outer_fold, i, fold)
            for outer_fold in self.plan.outer_folds
            for fold in range(len(outer_fold.folds))
            for i in candidates
            if FitKey(outer_fold.name, i, fold) not in self.plan.journal.results
        ]

    def _discard(self, later: list[str]) -> None:
        """Discard features of settings that are neither used later nor those of the best candidate of a fold."""
        plan = self.plan
        best = (plan.selected(outer_fold) for outer_fold in plan.outer_folds)
        wanted = {*later, *(plan.settings_of[i] for i in best if i is not None)}
        needed = self._earlier_keys.union(*(plan.feature_keys[settings] for settings in wanted))
        plan.X.feature_store.discard(plan.X.feature_store.keys - needed)

    def _run(self, fits: list[tuple[OuterFold, int, int]]) -> Iterator[None]:
        """Compute the features that fits of one setting need, run the fits, keep each."""
        if not fits:
            return
        plan = self.plan
        X, settings = plan.X, plan.settings_of[fits[0][1]]
        models = [plan.with_candidate(i) for _, i, _ in fits]
        indices = [(o.train, o.test) if fold == OUTER_TEST else o.folds[fold] for o, _, fold in fits]
        keys = [FitKey(outer_fold.name, i, fold) for outer_fold, i, fold in fits]
        before = X.feature_store.keys
        try:
            used = np.unique(np.concatenate([part for train_test in indices for part in train_test]))
            precompute_features(models[0], X[used])
        except CANDIDATE_ERRORS as error:
            for key in keys:
                plan.journal.add(key, candidate_error(error))
                yield
            return
        finally:
            plan.feature_keys[settings] |= X.feature_store.keys - before
        calls = (
            joblib.delayed(fit_and_score)(
                model,
                X,
                plan.label,
                *train_test,
                f"{self._token} {settings} {key.outer_fold} {key.fold}",
                key.fold == OUTER_TEST,
            )
            for model, train_test, key in zip(models, indices, keys, strict=True)
        )
        # One fit per batch, so that each is kept as soon as it is done.
        for key, fit in zip(keys, parallel(calls, len(keys), self.n_jobs, batch_size=1), strict=True):
            plan.journal.add(key, fit)
            yield
