"""An inspection as one HTML page that needs nothing beside itself: pictures, charts and style are in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data_profile.findings import MARKS, facts, telling_pairs, verdicts
from ..data_profile.profile import BLANK, UNLABELLED, Duplicates, Inspection, Motion
from ..samples.duplicates import NEAR
from ..version import __version__
from .html import picture, render

#: Pictures of each class.
EACH = 12
#: Groups or pairs of duplicates shown of each kind, rows named of each, and pictures: more of the same show nothing.
SHOWN, MEMBERS, TWO = 12, 4, 2
#: Subjects listed.
LISTED = 80
#: Frames of a strip.
STRIP = 6


def page(i: Inspection, seed: int = 0) -> str:
    """The page of an inspection.

    Parameters
    ----------
    i : Inspection
    seed : int
        Of the pictures that are drawn at random.

    Returns
    -------
    str
        HTML; a data set of any size takes about a megabyte, for what is shown of each kind is limited.
    """
    content = _content(i, np.random.default_rng(seed))
    return render("data_profile.html", **content, seed=seed)


def _content(i: Inspection, rng: np.random.Generator) -> dict[str, Any]:
    info, images = i.X.info, i.pictures is not None
    frames = i.pictures.frames if i.pictures else i.X.column("landmarks").shape[1] if "landmarks" in i.X else 1
    content: dict[str, Any] = {
        "title": f"{info.dataset}{' (synthetic)' if info.synthetic else ''}: a look at the data",
        "version": __version__,
        "verdicts": verdicts(i),
        "marks": MARKS,
        "facts": facts(i),
        "parts": i.parts,
        "counts": _counts(i),
        "frames": frames,
        "faces": _faces(i),
        "grids": _grids(i, rng) if images else [],
        "duplicates": _duplicates(i, i.duplicates) if i.duplicates else None,
        "near": f"{NEAR:g}",
        "people": _people(i),
        "motion": _motion(i.motion) if i.motion and i.motion.displacement else None,
        "strips": _strips(i, frames, rng) if images and frames > 1 else [],
        "histogram": None,
    }
    if i.pictures:
        content |= _greys(i)
    there = {
        "data": "The data",
        "classes": "Classes",
        "faces": "Faces" if content["faces"] or content["grids"] else "",
        "pictures": "Sizes and grey levels" if images else "",
        "duplicates": "Duplicates" if i.duplicates else "",
        "people": "Subjects",
        "motion": "Motion" if frames > 1 else "",
    }
    return content | {"sections": [(key, name) for key, name in there.items() if name]}


def _counts(i: Inspection) -> list[dict[str, Any]]:
    most, every = i.counts.sum(1).max(), i.counts.sum()
    return [
        {
            "name": name,
            "numbers": numbers.tolist(),
            "total": int(numbers.sum()),
            "shares": (100 * numbers / most).tolist(),
            "share": 100 * numbers.sum() / every,
        }
        for name, numbers in zip(i.classes, i.counts, strict=True)
    ]


def _about(i: Inspection, row: int) -> str:
    words = [f"row {row}", i.classes[i.of_class[row]]]
    if i.parts != ["all"]:
        words.insert(1, i.parts[i.of_part[row]])
    return ", ".join(words)


def _named(i: Inspection, row: int) -> str:
    """A row, and its name in its source where that is another."""
    name = str(i.X[[row]]["id"][0]) if "id" in i.X else str(row)
    return _about(i, row) + (f" ({name})" if name != str(row) else "")


def _shown(i: Inspection, rows: np.ndarray) -> list[dict[str, Any]]:
    # One row at a time: rows may differ in size, and a few dozen are shown.
    return [picture(np.asarray(i.X[[row]].frame("images", -1)[0]), _about(i, int(row))) for row in rows]


def _card(i: Inspection, rows: np.ndarray, *words: str) -> dict[str, Any]:
    more = [f"and {len(rows) - MEMBERS} more"] if len(rows) > MEMBERS else []
    rows = rows[:MEMBERS]
    return {"pictures": _shown(i, rows[:TWO]), "lines": [*words, *(_named(i, int(row)) for row in rows), *more]}


def _faces(i: Inspection) -> list[dict[str, Any]]:
    if not i.faces:
        return []
    # A mean of many faces has few points that are dark or bright. All are stretched alike, so that they compare.
    low, high = np.percentile(np.concatenate([face.ravel() for face in i.faces.values()]), [0.5, 99.5])
    cards = []
    for name, face in i.faces.items():
        stretched = np.clip((face - low) * 255 / max(high - low, 1), 0, 255).astype(np.uint8)
        cards.append({"pictures": [picture(stretched, f"mean face of {name}")], "lines": [name]})
    return cards


def _grids(i: Inspection, rng: np.random.Generator) -> list[dict[str, Any]]:
    grids = []
    for k, name in enumerate(i.classes):
        rows = np.flatnonzero(i.of_class == k)
        if rows.size:
            rows = np.sort(rng.choice(rows, min(EACH, len(rows)), replace=False))
            grids.append({"name": name, "pictures": _shown(i, rows)})
    return grids


def _greys(i: Inspection) -> dict[str, Any]:
    p = i.pictures
    assert p is not None
    heights = 95 - 85 * p.histogram / max(p.histogram.max(), 1e-12)
    edges = np.linspace(10, 290, len(heights) + 1)
    corners = [f"{x:.1f},{y:.1f}" for k, y in enumerate(heights) for x in edges[k : k + 2]]
    brightest, faintest = int(p.brightness.argmax()), int(p.contrast.argmin())
    extremes = {"darkest": int(p.brightness.argmin()), "brightest": brightest, "least contrast": faintest}
    return {
        "histogram": " ".join(["10,95", *corners, "290,95"]),
        "brightness": float(p.brightness.mean()),
        "sizes": p.sizes,
        "extremes": [
            _card(i, np.array([row]), f"{word}: mean {p.brightness[row]:.0f}, deviation {p.contrast[row]:.0f}")
            for word, row in extremes.items()
        ],
        "blank": [_card(i, np.array([row])) for row in p.blank[:SHOWN]],
        "n_blank": len(p.blank),
        "blank_below": BLANK,
    }


def _duplicates(i: Inspection, d: Duplicates) -> dict[str, Any]:
    table = [[f"{b} in {a}", n, d.near_across[a, b]] for (a, b), n in d.across.items()]
    table += [[f"within {part}", n, ""] for part, n in d.within.items()]
    near = int(d.near_contradictory.sum())
    table.append(["groups or pairs with different labels", len(d.contradictory), near])
    # Groups that are told above need not be told again below.
    across = [rows for rows in d.groups if len(np.unique(i.of_part[rows])) > 1]
    others = [rows for rows in d.groups if len(np.unique(i.of_part[rows])) == 1]
    shown = [
        _kind(i, "Equal, in several parts", across),
        _kind(i, "Equal, with different labels", d.contradictory),
        _kind(i, "Equal, in one part", others),
    ]
    telling, first, second = telling_pairs(i, d), *d.near.rows.T
    apart = i.of_part[first] != i.of_part[second]
    plain = telling & ~d.near.mirrored
    kinds = {
        "Nearly equal, in several parts": plain & apart,
        "Nearly equal, with different labels": plain & ~apart & d.near_contradictory,
        "Nearly equal, in one part": plain & ~apart & ~d.near_contradictory,
        "Nearly equal in a mirror": telling & d.near.mirrored,
        "Nearly equal, of one person in one part": ~telling,
    }
    for title, chosen in kinds.items():
        pairs = np.flatnonzero(chosen)
        # From the most to the least alike, for all of them cannot be shown.
        some = pairs[np.unique(np.linspace(0, len(pairs) - 1, min(SHOWN, len(pairs))).astype(int))]
        cards = [_card(i, d.near.rows[k], f"correlation {d.near.similarity[k]:.3f}") for k in some]
        shown.append({"title": f"{title} ({len(pairs)})", "cards": cards, "more": len(pairs) - len(cards)})
    return {"table": table, "shown": [kind for kind in shown if kind["cards"]]}


def _kind(i: Inspection, title: str, groups: list[np.ndarray]) -> dict[str, Any]:
    cards = [_card(i, _varied(i, rows)) for rows in groups[:SHOWN]]
    return {"title": f"{title} ({len(groups)})", "cards": cards, "more": len(groups) - len(cards)}


def _varied(i: Inspection, rows: np.ndarray) -> np.ndarray:
    """The rows of a group, one of each part and label first."""
    _, first = np.unique(np.stack([i.of_part[rows], i.of_class[rows]], 1), axis=0, return_index=True)
    return np.concatenate([rows[np.sort(first)], np.delete(rows, first)])


def _people(i: Inspection) -> dict[str, Any] | None:
    if i.people is None:
        return None
    # Rows without a label say nothing of what a person shows.
    named = [k for k, name in enumerate(i.classes) if name != UNLABELLED]
    rows = [
        {"name": name, "total": int(row.sum()), "numbers": row[named].tolist(), "labelled": bool(row[named].any())}
        for name, row in zip(i.people.ids, i.people.counts, strict=True)
    ]
    classes = [i.classes[k] for k in named]
    return {"classes": classes, "rows": rows[:LISTED], "more": max(0, len(rows) - LISTED)}


def _motion(motion: Motion) -> dict[str, Any]:
    most = max(float(moved.max()) for moved in motion.displacement.values()) or 1.0
    step = next(s for s in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1e9) if most / s <= 6)
    ticks = np.arange(0, most + step / 2, step)
    top = max(most, float(ticks[-1]))
    n = len(next(iter(motion.displacement.values())))
    x, lines = np.linspace(36, 310, n), []
    for k, (name, moved) in enumerate(motion.displacement.items()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, 170 - 160 * moved / top, strict=True))
        when = int(moved.argmax())
        dash = ("none", "7 3", "2 2")[k % 3]
        line = {"name": name, "points": points, "dash": dash, "last": moved[-1], "most": moved[when], "when": when}
        lines.append(line)
    every = max(1, n // 10)
    return {
        "lines": lines,
        "ticks": [(round(170 - 160 * t / top, 1), f"{t:.3g}") for t in ticks],
        "frames": [(round(float(x[t]), 1), t) for t in range(0, n, every)],
    }


def _strips(i: Inspection, frames: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    strips = []
    times = np.unique(np.linspace(0, frames - 1, min(STRIP, frames)).round().astype(int))
    for k, name in enumerate(i.classes):
        rows = np.flatnonzero(i.of_class == k)
        if rows.size:
            row = int(rng.choice(rows))
            one = i.X[[row]]
            pictures = [
                picture(np.asarray(one.frame("images", int(t))[0]), f"{_about(i, row)}, frame {t}") for t in times
            ]
            strips.append({"name": name, "row": row, "pictures": pictures})
    return strips
