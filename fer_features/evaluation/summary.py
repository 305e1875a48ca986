"""Scores in words."""

from __future__ import annotations

from typing import Any


def summary(scores: dict[str, Any]) -> str:
    """A few lines that say what was done and what came out."""
    lines = [
        f"{scores['pipeline']} on {scores['dataset']}"
        + (" (synthetic)" if scores["synthetic"] else "")
        + f": {scores['n']} rows, {scores['n_subjects'] or 'unknown'} subjects ({scores['subjects_from']}), "
        + scores["protocol"],
    ]
    for key, words in (
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("macro_f1", "macro-F1"),
    ):
        low, high = scores["ci95"][key]
        lines.append(f"  {words:18s} {scores[key]:.3f}   95 % interval {low:.3f} to {high:.3f}")
    if scores["n_duplicates"]:
        alone = scores["accuracy_no_duplicates"]
        lines.append(
            f"  without copies     {'-' if alone is None else f'{alone:.3f}'}   "
            f"{scores['n_duplicates']} judged row(s) have an equal picture in training"
        )
    if "subject_mean" in scores:
        lines.append(
            f"  over subjects      {scores['subject_mean']:.3f} +- {scores['subject_sd']:.3f} (mean, deviation)"
        )
    if "calibration" in scores:
        sure = scores["calibration"]
        lines.append(
            f"  calibration error  {sure['ece']:.3f}   Brier score {sure['brier']:.3f}, log-loss {sure['log_loss']:.3f}"
        )
        curve = scores["risk_coverage"]
        half = curve["accuracy"][curve["coverage"].index(0.5)]
        lines.append(f"  surer half         {half:.3f}   area under risk and coverage {curve['aurc']:.3f}")
    if "reject" in scores:
        kept = scores["reject"]
        alone = kept["accuracy_of_kept"]
        lines.append(
            f"  of those answered  {'-' if alone is None else f'{alone:.3f}'}   "
            f"{kept['coverage']:.3f} of rows have a probability of at least {kept['threshold']:.3f}"
        )
    for name, part in scores.get("parts", {}).items() if len(scores.get("parts", {})) > 1 else ():
        lines.append(
            f"  {f'part {name}':18s} {part['accuracy']:.3f}   balanced {part['balanced_accuracy']:.3f}, "
            f"macro-F1 {part['macro_f1']:.3f}, n {part['n']}"
        )
    width = max(map(len, scores["per_class"]))
    lines += [
        f"  {name:{width}s}  precision {c['precision']:.3f}  recall {c['recall']:.3f}  F1 {c['f1']:.3f}  n {c['n']}"
        for name, c in scores["per_class"].items()
    ]
    if scores.get("left_out"):
        lines.append("  left out: " + ", ".join(f"{n} row(s), {why}" for why, n in scores["left_out"].items()))
    if scores["leakage"]:
        lines.append(f"  CAUTION: {scores['leakage']}")
    return "\n".join(lines)
