"""An inspection in words: what was found, and what to look at."""

from __future__ import annotations

import dataclasses

import numpy as np

from .profile import UNLABELLED, Duplicates, Inspection

#: How many times the rarest class the most frequent may have before it is told.
IMBALANCE = 5.0
#: A class shown by fewer subjects than this is told: it cannot stand in each of five folds.
SHOWN_BY = 5
#: Share of the largest displacement below which the last frame is not the apex.
EARLY = 0.8

#: What the marks of verdicts mean.
MARKS = {"check": "Look at this", "note": "Know this", "good": "Fine"}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Something to know about the data.

    Attributes
    ----------
    mark : str
        A key of `MARKS`.
    text : str
        One or two sentences.
    section : str
        Where on the page it is shown.
    """

    mark: str
    text: str
    section: str


def facts(i: Inspection) -> dict[str, str]:
    """What was found: a short title to one line, in the order in which they are told."""
    info, n = i.X.info, len(i.X)
    rows = ", ".join(f"{part} {count}" for part, count in zip(i.parts, i.counts.sum(0), strict=True))
    found = {
        "data": f"{info.dataset}{' (synthetic)' if info.synthetic else ''}"
        + (f", {info.source}" if info.source and info.source != info.dataset else ""),
        "rows": f"{n}" if i.parts == ["all"] else f"{n}: {rows}",
        "classes": ", ".join(f"{name} {count}" for name, count in zip(i.classes, i.counts.sum(1), strict=True)),
    }
    if i.pictures:
        p = i.pictures
        several = ", ".join(f"{w} x {h} ({m} rows)" for w, h, m in p.sizes[:4])
        one = f"{p.sizes[0][0]} x {p.sizes[0][1]} pixels"
        found["pictures"] = (one if len(p.sizes) == 1 else f"{len(p.sizes)} sizes: {several}") + (
            f", {p.frames} frames a row" if p.frames > 1 else ", one a row"
        )
        found["grey levels"] = (
            f"mean {p.brightness.mean():.0f} of 255, from {p.brightness.min():.0f} (row {p.brightness.argmin()}) to "
            f"{p.brightness.max():.0f} (row {p.brightness.argmax()}); {len(p.blank)} near-blank"
        )
    else:
        found["pictures"] = "none"
    if i.duplicates:
        d = i.duplicates
        repeats = sum(len(rows) - 1 for rows in d.groups)
        found["equal pictures"] = (
            f"{len(d.groups)} groups, {repeats} rows repeat another"
            + "".join(f"; {m} of {b} stand in {a} too" for (a, b), m in d.across.items())
            + f"; {len(d.contradictory)} groups with different labels"
        )
        found["nearly equal"] = (
            f"{len(d.near)} pairs, {int(d.near.mirrored.sum())} of them mirrored"
            + "".join(f"; {m} of {b} equal or nearly equal to one in {a}" for (a, b), m in d.near_across.items())
            + f"; {int(d.near_contradictory.sum())} pairs with different labels"
        )
    found["landmarks"] = _landmarks(i)
    found["subjects"] = _subjects(i)
    return found


def _landmarks(i: Inspection) -> str:
    if "landmarks" not in i.X:
        return "none"
    if i.motion is None:
        return f"missing in {int(i.X.missing('landmarks').sum())} rows"
    labelled = {name: moved for name, moved in i.motion.displacement.items() if name != UNLABELLED}
    words = f"missing in {len(i.motion.missing)} rows"
    if labelled:
        most = max(labelled, key=lambda name: labelled[name][-1])
        least = min(labelled, key=lambda name: labelled[name][-1])
        words += (
            f"; moved at the apex by {labelled[least][-1]:.3f} ({least}) to {labelled[most][-1]:.3f} ({most}) "
            "inter-ocular distances"
        )
    return words


def _subjects(i: Inspection) -> str:
    if i.people is None:
        return "not known"
    info = i.X.info
    source = {"dataset": "named by the data", "file": "from a file", "inferred": "inferred from neutral frames"}
    where = source.get(info.subjects_from, "given")
    if info.subjects_confidence is not None:
        where += f", confidence {info.subjects_confidence:.2f}"
    rows = i.people.counts.sum(1)
    span = f"{rows.min()}" if rows.min() == rows.max() else f"{rows.min()} to {rows.max()}"
    unknown = f"; {i.people.unknown} rows of nobody known" if i.people.unknown else ""
    return f"{len(i.people.ids)}, {where}; {span} rows each{unknown}"


def verdicts(i: Inspection) -> list[Verdict]:
    """What to look at, the most pressing first."""
    found = [*_duplicate_verdicts(i), *_class_verdicts(i), *_people_verdicts(i), *_picture_verdicts(i)]
    info = i.X.info
    if info.leakage:
        found.insert(0, Verdict("check", f"Scores may leak: {info.leakage}.", "people"))
    found += [Verdict("note", f"{note[:1].upper()}{note[1:]}.", "data") for note in info.notes]
    if info.synthetic:
        found.append(Verdict("note", "The faces are drawn: scores on them say nothing about people.", "data"))
    order = list(MARKS)
    return sorted(found, key=lambda verdict: order.index(verdict.mark))


def _duplicate_verdicts(i: Inspection) -> list[Verdict]:
    d = i.duplicates
    if d is None:
        return []
    found = []
    for (a, b), m in d.across.items():
        near = d.near_across[a, b] - m
        share = f"{m / max(1, i.counts[:, i.parts.index(b)].sum()):.1%}"
        if m:
            stand = _n(m, f"row of {b} ({share}) stands", f"rows of {b} ({share}) stand")
            more = f" {_n(near, 'more is', 'more are')} nearly equal to one there." if near else ""
            text = f"{stand} in {a} too: a score on all of {b} is too high.{more}"
            found.append(Verdict("check", text, "duplicates"))
        elif near:
            text = f"{_n(near, f'row of {b} is', f'rows of {b} are')} nearly equal to one in {a}."
            found.append(Verdict("check", text, "duplicates"))
    if d.contradictory:
        have = _n(len(d.contradictory), "group of equal pictures has", "groups of equal pictures have")
        found.append(Verdict("check", f"{have} different labels: not all of them can be right.", "duplicates"))
    if any(d.within.values()):
        repeat = _n(sum(d.within.values()), "row repeats", "rows repeat")
        text = f"{repeat} another of the same part: a random split puts copies on both sides."
        found.append(Verdict("check", text, "duplicates"))
    strange = telling_pairs(i, d)
    differ, alike = int((strange & d.near_contradictory).sum()), int((~strange).sum())
    if differ:
        have = _n(differ, "pair of nearly equal pictures has", "pairs of nearly equal pictures have")
        found.append(Verdict("check", f"{have} different labels.", "duplicates"))
    if alike:
        are = _n(alike, "pair of nearly equal pictures is", "pairs of nearly equal pictures are")
        text = (
            f"{are} of one person in one part: people look alike twice in a studio, and folds by subject keep such "
            "pairs together."
        )
        found.append(Verdict("note", text, "duplicates"))
    return found or [Verdict("good", "No picture is there twice.", "duplicates")]


def telling_pairs(i: Inspection, d: Duplicates) -> np.ndarray:
    """Near duplicates that are not of one known person in one part, (m,) bool."""
    first, second = d.near.rows.T
    apart = i.of_part[first] != i.of_part[second]
    if "subject" not in i.X:
        return np.ones(len(d.near), bool)
    subject = np.asarray(i.X["subject"]).astype(str)
    return apart | (subject[first] != subject[second]) | (subject[first] == "-1")


def _class_verdicts(i: Inspection) -> list[Verdict]:
    found = []
    named = [k for k, name in enumerate(i.classes) if name != UNLABELLED]
    if not named or not i.counts[named].sum():
        return [Verdict("check", "No row has a label: nothing can be learnt from these data alone.", "classes")]
    total = i.counts.sum(1)[named]
    empty = [i.classes[k] for k, n in zip(named, total, strict=True) if not n]
    if empty:
        # Not every collection shows all that its coding has a code for.
        found.append(Verdict("note", f"No row shows {', '.join(empty)}.", "classes"))
    shown = total[total > 0]
    if shown.max() > IMBALANCE * shown.min():
        least, most = named[int(np.where(total > 0, total, total.max() + 1).argmin())], named[int(total.argmax())]
        text = (
            f"{i.classes[most]} has {shown.max() / shown.min():.0f} times the rows of {i.classes[least]}: read the "
            "balanced accuracy beside the accuracy."
        )
        found.append(Verdict("check", text, "classes"))
    else:
        found.append(Verdict("good", "No class is much rarer than the others.", "classes"))
    for k, part in enumerate(i.parts):
        rows = i.counts[named, k]
        absent = [i.classes[c] for c, n in zip(named, rows, strict=True) if not n and i.classes[c] not in empty]
        if rows.sum() and absent:
            found.append(Verdict("check", f"{part} has no row of {', '.join(absent)}.", "classes"))
    return found


def _people_verdicts(i: Inspection) -> list[Verdict]:
    if i.people is None:
        text = "Who is who is not known: one person may stand in training and test, and scores may be too high."
        return [Verdict("check", text, "people")]
    found, people = [], i.people
    named = [k for k, name in enumerate(i.classes) if name != UNLABELLED]
    if i.X.info.subjects_from == "inferred":
        found.append(Verdict("check", "Subjects are inferred: check them before you believe a score.", "people"))
    if people.in_two_parts:
        stand = _n(len(people.in_two_parts), "subject stands", "subjects stand")
        found.append(Verdict("check", f"{stand} in several parts: {_few(people.in_two_parts)}.", "people"))
    for k in named:
        shown_by = int((people.counts[:, k] > 0).sum())
        if 0 < shown_by < min(SHOWN_BY, len(people.ids)):
            text = f"{i.classes[k]} is shown by {shown_by} of {len(people.ids)} subjects."
            found.append(Verdict("check", text, "people"))
    single = [who for who, row in zip(people.ids, people.counts[:, named], strict=True) if (row > 0).sum() == 1]
    if single:
        show = _n(len(single), "subject shows", "subjects show")
        text = f"{show} one class only: {_few(single)}. A face may be learnt for its class."
        found.append(Verdict("check", text, "people"))
    return found


def _picture_verdicts(i: Inspection) -> list[Verdict]:
    found = []
    if i.pictures and len(i.pictures.blank):
        are = _n(len(i.pictures.blank), "picture is", "pictures are")
        found.append(Verdict("check", f"{are} near-blank: no face is to be seen.", "pictures"))
    if i.pictures and len(i.pictures.sizes) > 1:
        found.append(Verdict("note", f"Pictures have {len(i.pictures.sizes)} different sizes.", "pictures"))
    if "landmarks" in i.X:
        missing = int(i.X.missing("landmarks").sum())
        if missing:
            have = _n(missing, "row has", "rows have")
            found.append(Verdict("check", f"{have} no landmarks, and cannot be described by them.", "motion"))
    if i.motion:
        early = [name for name, moved in i.motion.displacement.items() if moved[-1] < EARLY * moved.max()]
        if early:
            text = f"The last frame of {', '.join(early)} is not the apex: faces move more before it."
            found.append(Verdict("check", text, "motion"))
    return found


def _n(count: int, one: str, many: str) -> str:
    """A number and what goes with it: '1 row has', '2 rows have'."""
    return f"{count} {one if count == 1 else many}"


def _few(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def summary(i: Inspection) -> str:
    """The inspection for a terminal."""
    lines = [f"{title:<15} {text}" for title, text in facts(i).items()]
    told = [v for v in verdicts(i) if v.mark != "good"]
    lines.append("to look at:" if told else "nothing stands out")
    return "\n".join([*lines, *(f"  - {v.text}" for v in told)])
