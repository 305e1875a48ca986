"""The loop of a search over stages, settings, folds and candidates: in an order that describes each setting once."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np

from ..evaluation.cross_validation import describe_all
from .fit_and_score import REFUSALS, fit_and_score
from .grids import FACTOR
from .plan import Plan
from .schedule import Scope

#: A fit: where, at which stage (or 'outer'), which candidate, which fold.
Task = tuple[Scope, Any, int, int]


class Loop:
    """Does the fits of a search that its journal lacks.

    Parameters
    ----------
    plan : Plan
    jobs : int
        Fits side by side.
    budget : float or None
        Minutes after which no new candidate is begun.

    Attributes
    ----------
    finished : bool
        False once the budget ended the loop.

    Notes
    -----
    The features of a setting are described for all scopes and candidates that use it, then forgotten, unless it is the
    best so far somewhere: then it will be needed to judge or to fit the choice.
    """

    def __init__(self, plan: Plan, jobs: int, budget: float | None):
        self.plan, self.jobs, self.finished = plan, jobs, True
        self.stop = math.inf if budget is None else time.monotonic() + 60 * budget
        self.token = uuid.uuid4().hex
        #: Features that were there before are not ours to forget.
        self.kept = plan.X.store.keys

    def steps(self) -> Iterator[None]:
        """Do fit after fit, each kept in the journal when this yields."""
        plan = self.plan
        for stage in range(max(len(scope.stages) for scope in plan.scopes)):
            alive = {scope.name: self._alive(scope, stage) for scope in plan.scopes}
            due = {plan.fronts[i] for some in alive.values() for i in some}
            order = [front for front in plan.settings if front in due]
            for at, front in enumerate(order):
                members = [i for i, one in enumerate(plan.fronts) if one == front]
                # Under a budget one candidate is finished before the next is begun; without, the features of a fold
                # are scaled once for all candidates that share them.
                for some in [[i] for i in members] if self.stop < math.inf else [members]:
                    tasks = self._missing(stage, some, alive)
                    if tasks and time.monotonic() > self.stop and plan.journal.results:
                        self.finished = False
                        break
                    yield from self._do(tasks)
                self._forget(order[at + 1 :], stage)
            if not self.finished:
                break
        for scope in plan.scopes[1:]:
            best = plan.chosen(scope)
            if best is not None and (scope.name, "outer", best, 0) not in plan.journal.results:
                yield from self._do([(scope, "outer", best, 0)])

    def total(self) -> int:
        """How many fits are missing, if no candidate fails."""
        plan = self.plan
        n = len(plan.candidates) - len(plan.failed)
        fits = sum(
            math.ceil(n / FACTOR**i) * len(stage.folds) for scope in plan.scopes for i, stage in enumerate(scope.stages)
        )
        return max(1, fits + len(plan.scopes) - 1 - plan.journal.found)

    def _missing(self, stage: int, some: list[int], alive: dict[str, list[int]]) -> list[Task]:
        return [
            (scope, stage, i, fold)
            for scope in self.plan.scopes
            for fold in range(len(scope.stages[stage].folds) if stage < len(scope.stages) else 0)
            for i in some
            if i in alive[scope.name] and (scope.name, stage, i, fold) not in self.plan.journal.results
        ]

    def _alive(self, scope: Scope, stage: int) -> list[int]:
        if stage == 0:
            return [i for i in range(len(self.plan.candidates)) if i not in self.plan.failed]
        if stage >= len(scope.stages):
            return []
        return self.plan.ranking(scope, stage - 1)[: self._keep(scope, stage - 1)]

    def _keep(self, scope: Scope, stage: int) -> int:
        """How many candidates of a stage are needed after it."""
        if stage >= len(scope.stages) - 1:
            return 1
        n = len(self.plan.candidates) - len(self.plan.failed)
        return math.ceil(n / FACTOR ** (stage + 1))

    def _forget(self, later: list[str], stage: int) -> None:
        """Give back the memory of settings that will not come again: neither later, nor as the best of a scope."""
        plan, wanted = self.plan, set(later)
        for scope in plan.scopes:
            at = min(stage, len(scope.stages) - 1)
            wanted |= {plan.fronts[i] for i in plan.ranking(scope, at)[: self._keep(scope, at)]}
        needed = self.kept.union(*(plan.keys[front] for front in wanted))
        plan.X.store.forget(plan.X.store.keys - needed)

    def _do(self, tasks: list[Task]) -> Iterator[None]:
        """Describe what fits of one setting need, do them, keep each."""
        if not tasks:
            return
        plan = self.plan
        X, front = plan.X, plan.fronts[tasks[0][2]]
        models = [plan.with_settings(i) for _, _, i, _ in tasks]
        parts = [scope.part(stage, fold) for scope, stage, _, fold in tasks]
        entries = [{"scope": s.name, "stage": stage, "candidate": i, "fold": fold} for s, stage, i, fold in tasks]
        before = X.store.keys
        try:
            describe_all(models[0], X[np.unique(np.concatenate([rows for part in parts for rows in part]))])
        except REFUSALS as error:
            if isinstance(error.__cause__, OSError):  # a full disk is no fault of the candidate
                raise
            for entry in entries:
                plan.journal.add({**entry, "error": " ".join(str(error).split())})
                yield
            return
        finally:
            plan.keys[front] |= X.store.keys - before
        work = (
            joblib.delayed(fit_and_score)(
                model, X, plan.label, *part, f"{self.token} {front} {e['scope']} {e['stage']} {e['fold']}"
            )
            for model, part, e in zip(models, parts, entries, strict=True)
        )
        # One fit a batch: each is kept as soon as it is done.
        pool = joblib.Parallel(n_jobs=self.jobs, return_as="generator", batch_size=1)
        for entry, result in zip(entries, pool(work), strict=True):
            if entry["stage"] != "outer":
                result.pop("prediction", None)
            plan.journal.add({**entry, **result})
            yield
