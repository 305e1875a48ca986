"""Scores as text."""

from __future__ import annotations

from .scores import Scores

#: Metrics that are reported first, with their names.
HEADLINE_METRICS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro-F1"}


def headline_values(scores: Scores) -> list[tuple[str, str, str]]:
    """Name, value and 95 % CI of the headline metrics, as text."""
    rows = []
    for key, name in HEADLINE_METRICS.items():
        low, high = scores.metrics.ci95[key]
        rows.append((name, f"{getattr(scores.metrics, key):.3f}", f"{low:.3f} to {high:.3f}"))
    return rows


def summary(scores: Scores) -> str:
    """Protocol, metrics and warnings in a few lines."""
    m = scores.metrics
    lines = [
        f"{scores.title}: {m.n_samples} samples, {m.n_subjects or 'unknown'} subjects ({scores.data.subjects_from}), "
        f"{scores.protocol}"
    ]
    lines += [f"  {name:25s} {value}   95 % CI {interval}" for name, value, interval in headline_values(scores)]
    if m.n_duplicates:
        value = m.accuracy_excluding_duplicates
        lines.append(
            f"  {'excluding duplicates':25s} {'-' if value is None else f'{value:.3f}'}   "
            f"{m.n_duplicates} evaluated sample(s) duplicate an image of the training samples"
        )
    if m.subject_mean is not None:
        lines.append(f"  {'mean over subjects':25s} {m.subject_mean:.3f}   SD {m.subject_sd:.3f}")
    if m.calibration is not None:
        c = m.calibration
        lines.append(f"  {'ECE':25s} {c.ece:.3f}   Brier score {c.brier:.3f}, log-loss {c.log_loss:.3f}")
    if m.risk_coverage is not None:
        half = m.risk_coverage.accuracy_at(0.5)
        lines.append(f"  {'accuracy at 50 % coverage':25s} {half:.3f}   AURC {m.risk_coverage.aurc:.3f}")
    if scores.rejection is not None:
        r = scores.rejection
        value = r.selective_accuracy
        lines.append(
            f"  {'selective accuracy':25s} {'-' if value is None else f'{value:.3f}'}   coverage {r.coverage:.3f} at a "
            f"probability of at least {r.threshold:.3f}"
        )
    for name, split in scores.splits.items() if len(scores.splits) > 1 else ():
        lines.append(
            f"  {f'split {name}':25s} {split.accuracy:.3f}   balanced accuracy {split.balanced_accuracy:.3f}, "
            f"macro-F1 {split.macro_f1:.3f}, n {split.n_samples}"
        )
    width = max(map(len, m.per_class))
    lines += [
        f"  {name:{width}s}  precision {c.precision:.3f}  recall {c.recall:.3f}  F1 {c.f1:.3f}  n {c.n_samples}"
        for name, c in m.per_class.items()
    ]
    if scores.excluded:
        lines.append("  excluded: " + ", ".join(f"{n} sample(s), {reason}" for reason, n in scores.excluded.items()))
    lines += [f"  note: {note}" for note in scores.notes]
    if scores.leakage:
        lines.append(f"  warning: {scores.leakage}")
    return "\n".join(lines)
