"""The report on a data set as one HTML page."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data_profile.findings import subjects_text, unexpected_near_duplicates
from ..data_profile.inspection import NEAR_BLANK_SD
from ..data_profile.profile import SEVERITIES, DataProfile, DuplicateStatistics, ImageStatistics, MotionStatistics
from ..plotting.overlays import draw_landmarks
from ..samples.duplicates import NEAR_DUPLICATE_CORRELATION
from ..version import __version__
from .charts import Line, line_chart
from .html import EmbeddedImage, ImageCard, embedded_image, render

#: Example images per class.
N_EXAMPLES_PER_CLASS = 12

#: Cards shown of each kind of duplicates and of near-blank images.
MAX_CARDS = 12

#: Samples listed, and images shown, on a card.
MAX_CARD_SAMPLES, MAX_CARD_IMAGES = 4, 2

#: Subjects listed in the table.
MAX_TABLE_SUBJECTS = 80

#: Image sizes listed in the table.
MAX_TABLE_SIZES = 12

#: Longer side of images with landmarks, in pixels.
LOCATED_SIDE_PX = 160

#: Frames shown of a sequence.
N_SEQUENCE_FRAMES = 6


def data_profile_page(profile: DataProfile, seed: int = 0) -> str:
    """The page of a data profile.

    Parameters
    ----------
    profile : DataProfile
    seed : int, default 0
        Random state of the examples.

    Returns
    -------
    str
        HTML. The number of items of each kind is limited, so that the size is about a megabyte for data of any size.
    """
    info, images, rng = profile.X.info, profile.images, np.random.default_rng(seed)
    n_frames = 1
    if images:
        n_frames = images.n_frames
    elif "landmarks" in profile.X:
        n_frames = profile.X.column("landmarks").shape[1]
    # Examples are drawn before sequences, so that a seed gives the same page.
    faces, examples = _mean_faces(profile), _examples(profile, rng) if images else []
    sequences = _sequences(profile, n_frames, rng) if images and n_frames > 1 else []
    sections = {
        "data": "Data",
        "classes": "Classes",
        "faces": "Faces" if faces or examples else "",
        "images": "Sizes and grey levels" if images else "",
        "duplicates": "Duplicates" if profile.duplicates else "",
        "subjects": "Subjects",
        "motion": "Motion" if n_frames > 1 else "",
    }
    return render(
        "data_profile.html",
        title=f"{info.title}: data profile",
        version=__version__,
        findings=profile.findings,
        severities=SEVERITIES,
        facts=dict(profile.facts),
        splits=profile.splits,
        counts=_counts(profile),
        n_frames=n_frames,
        faces=faces,
        located=_located(profile) if profile.faces else None,
        examples=examples,
        images=_images(profile, images) if images else None,
        duplicates=_duplicates(profile, profile.duplicates) if profile.duplicates else None,
        subjects_text=subjects_text(profile),
        subjects=_subjects(profile),
        motion=_motion(profile.motion) if profile.motion and profile.motion.displacement else None,
        sequences=sequences,
        seed=seed,
        sections=[(key, name) for key, name in sections.items() if name],
    )


def _counts(profile: DataProfile) -> list[dict[str, Any]]:
    """Samples of each class by split, and the lengths of its bars in percent of the most frequent class."""
    longest, total = profile.counts.sum(1).max(), profile.counts.sum()
    return [
        {
            "name": name,
            "counts": counts.tolist(),
            "total": int(counts.sum()),
            "lengths": (100 * counts / longest).tolist(),
            "percent": 100 * counts.sum() / total,
        }
        for name, counts in zip(profile.classes, profile.counts, strict=True)
    ]


def _caption(profile: DataProfile, index: int) -> str:
    """Index, split and class of a sample."""
    split = [] if profile.splits == ["all"] else [profile.splits[profile.split_index[index]]]
    return ", ".join([f"sample {index}", *split, profile.classes[profile.class_index[index]]])


def _caption_with_id(profile: DataProfile, index: int) -> str:
    """The caption of a sample, and its id if that differs from the index."""
    name = str(profile.X[[index]]["id"][0]) if "id" in profile.X else str(index)
    return _caption(profile, index) + (f" ({name})" if name != str(index) else "")


def _embedded(profile: DataProfile, indices: np.ndarray) -> list[EmbeddedImage]:
    # Samples may differ in size, so that they are read one at a time.
    return [
        embedded_image(np.asarray(profile.X[[index]].frame("images", -1)[0]), _caption(profile, int(index)))
        for index in indices
    ]


def _card(profile: DataProfile, indices: np.ndarray, *lines: str) -> ImageCard:
    n_more = len(indices) - MAX_CARD_SAMPLES
    indices = indices[:MAX_CARD_SAMPLES]
    captions = [_caption_with_id(profile, int(index)) for index in indices]
    more = [f"and {n_more} more"] if n_more > 0 else []
    return ImageCard(tuple(_embedded(profile, indices[:MAX_CARD_IMAGES])), (*lines, *captions, *more))


def _mean_faces(profile: DataProfile) -> list[ImageCard]:
    if not profile.mean_faces:
        return []
    # A mean of many faces has a low contrast. One common stretch keeps the means comparable.
    low, high = np.percentile(np.concatenate([face.ravel() for face in profile.mean_faces.values()]), [0.5, 99.5])
    cards = []
    for name, face in profile.mean_faces.items():
        stretched = np.clip((face - low) * 255 / max(high - low, 1), 0, 255).astype(np.uint8)
        cards.append(ImageCard((embedded_image(stretched, f"mean face of {name}"),), (name,)))
    return cards


def _examples(profile: DataProfile, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Random samples of each class."""
    found = []
    for k, name in enumerate(profile.classes):
        indices = np.flatnonzero(profile.class_index == k)
        if indices.size:
            indices = np.sort(rng.choice(indices, min(N_EXAMPLES_PER_CLASS, len(indices)), replace=False))
            found.append({"name": name, "images": _embedded(profile, indices)})
    return found


def _located(profile: DataProfile) -> dict[str, Any]:
    """Examples with their landmarks and the rectangle around these."""
    assert profile.faces is not None
    cards = []
    for index, points in zip(profile.faces.indices.tolist(), profile.faces.landmarks, strict=True):
        image = draw_landmarks(np.asarray(profile.X[[index]].frame("images", -1)[0]), points, LOCATED_SIDE_PX)
        shown = embedded_image(image, _caption(profile, index), LOCATED_SIDE_PX)
        cards.append(ImageCard((shown,), (_caption(profile, index),)))
    return {"text": str(profile.faces), "cards": cards}


def _images(profile: DataProfile, images: ImageStatistics) -> dict[str, Any]:
    """Sizes, the histogram of grey levels as a polygon, and samples with extreme grey levels."""
    heights = 95 - 85 * images.histogram / max(images.histogram.max(), 1e-12)
    edges = np.linspace(10, 290, len(heights) + 1)
    corners = [f"{x:.1f},{y:.1f}" for k, y in enumerate(heights) for x in edges[k : k + 2]]
    extremes = {
        "darkest": int(images.brightness.argmin()),
        "brightest": int(images.brightness.argmax()),
        "lowest contrast": int(images.contrast.argmin()),
    }
    return {
        "histogram": " ".join(["10,95", *corners, "290,95"]),
        "brightness": float(images.brightness.mean()),
        "sizes": images.sizes[:MAX_TABLE_SIZES],
        "n_more_sizes": max(0, len(images.sizes) - MAX_TABLE_SIZES),
        "extremes": [
            _card(profile, np.array([k]), f"{title}: mean {images.brightness[k]:.0f}, SD {images.contrast[k]:.0f}")
            for title, k in extremes.items()
        ],
        "near_blank": [_card(profile, np.array([index])) for index in images.near_blank[:MAX_CARDS]],
        "n_more_near_blank": max(0, len(images.near_blank) - MAX_CARDS),
        "near_blank_sd": NEAR_BLANK_SD,
    }


def _duplicates(profile: DataProfile, duplicates: DuplicateStatistics) -> dict[str, Any]:
    """Numbers of duplicates, and cards of each kind of them."""
    n_across, n_within = duplicates.n_across.items(), duplicates.n_within.items()
    table = [[f"{b} in {a}", n, duplicates.n_across_with_near[a, b]] for (a, b), n in n_across]
    table += [[f"within {name}", n, ""] for name, n in n_within]
    n_near = int(duplicates.near_contradictory.sum())
    table.append(["groups or pairs with different labels", len(duplicates.contradictory), n_near])
    several = [len(np.unique(profile.split_index[members])) > 1 for members in duplicates.groups]
    across = [members for members, s in zip(duplicates.groups, several, strict=True) if s]
    within = [members for members, s in zip(duplicates.groups, several, strict=True) if not s]
    kinds = [
        _identical(profile, "Identical, in several splits", across),
        _identical(profile, "Identical, with different labels", duplicates.contradictory),
        _identical(profile, "Identical, in one split", within),
        *_nearly_identical(profile, duplicates),
    ]
    threshold = f"{NEAR_DUPLICATE_CORRELATION:g}"
    return {"table": table, "kinds": [kind for kind in kinds if kind["cards"]], "threshold": threshold}


def _identical(profile: DataProfile, title: str, groups: list[np.ndarray]) -> dict[str, Any]:
    cards = [_card(profile, _varied_first(profile, members)) for members in groups[:MAX_CARDS]]
    return {"title": f"{title} ({len(groups)})", "cards": cards, "n_more": len(groups) - len(cards)}


def _nearly_identical(profile: DataProfile, duplicates: DuplicateStatistics) -> list[dict[str, Any]]:
    near, contradictory = duplicates.near, duplicates.near_contradictory
    first, second = near.indices.T
    unexpected = unexpected_near_duplicates(profile, duplicates)
    across = profile.split_index[first] != profile.split_index[second]
    upright = unexpected & ~near.mirrored
    masks = {
        "Nearly identical, in several splits": upright & across,
        "Nearly identical, with different labels": upright & ~across & contradictory,
        "Nearly identical, in one split": upright & ~across & ~contradictory,
        "Nearly identical to the mirror image": unexpected & near.mirrored,
        "Nearly identical, of one subject in one split": ~unexpected,
    }
    kinds = []
    for title, mask in masks.items():
        pairs = np.flatnonzero(mask)
        # Evenly spaced by similarity, since the number of cards is limited.
        some = pairs[np.unique(np.linspace(0, len(pairs) - 1, min(MAX_CARDS, len(pairs))).astype(int))]
        cards = [_card(profile, near.indices[k], f"correlation {near.similarity[k]:.3f}") for k in some]
        kinds.append({"title": f"{title} ({len(pairs)})", "cards": cards, "n_more": len(pairs) - len(cards)})
    return kinds


def _varied_first(profile: DataProfile, members: np.ndarray) -> np.ndarray:
    """The samples of a group, one of each split and class first."""
    kinds = np.stack([profile.split_index[members], profile.class_index[members]], 1)
    _, first = np.unique(kinds, axis=0, return_index=True)
    return np.concatenate([members[np.sort(first)], np.delete(members, first)])


def _subjects(profile: DataProfile) -> dict[str, Any] | None:
    """Samples of each subject by class; None where no subject is known."""
    if profile.subjects is None:
        return None
    labelled = profile.labelled_classes
    rows = [
        {
            "name": name,
            "total": int(counts.sum()),
            "counts": counts[labelled].tolist(),
            "labelled": bool(counts[labelled].any()),
        }
        for name, counts in zip(profile.subjects.ids, profile.subjects.counts, strict=True)
    ]
    n_more = max(0, len(rows) - MAX_TABLE_SUBJECTS)
    classes = [profile.classes[k] for k in labelled]
    return {"classes": classes, "rows": rows[:MAX_TABLE_SUBJECTS], "n_more": n_more}


def _motion(motion: MotionStatistics) -> dict[str, Any]:
    """Chart and table of the displacement of landmarks by frame."""
    lines, rows = [], []
    for name, moved in motion.displacement.items():
        points = np.stack([np.arange(len(moved)), moved], 1)
        lines.append(Line(points, sizes=np.zeros(len(moved))))
        frame = int(moved.argmax())
        rows.append({"name": name, "last": float(moved[-1]), "largest": float(moved[frame]), "frame": frame})
    n_frames = len(next(iter(motion.displacement.values())))
    largest = max(float(moved.max()) for moved in motion.displacement.values()) or 1.0
    about = "Mean displacement of landmarks by frame for each class; the table below has the values"
    labels = ("frame", "displacement")
    return {"chart": line_chart(lines, (0, n_frames - 1), (0, largest), labels, about, True), "rows": rows}


def _sequences(profile: DataProfile, n_frames: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Frames of a random sample of each class."""
    found = []
    frames = np.unique(np.linspace(0, n_frames - 1, min(N_SEQUENCE_FRAMES, n_frames)).round().astype(int))
    for k, name in enumerate(profile.classes):
        indices = np.flatnonzero(profile.class_index == k)
        if indices.size:
            index = int(rng.choice(indices))
            sample, caption = profile.X[[index]], _caption(profile, index)
            numbers = sample["frame_numbers"][0] if "frame_numbers" in sample else np.arange(n_frames)
            images = [
                embedded_image(np.asarray(sample.frame("images", int(t))[0]), f"{caption}, {_frame_name(numbers[t])}")
                for t in frames
            ]
            shown = ", ".join(_frame_name(numbers[t]) for t in frames)
            found.append({"name": name, "index": index, "images": images, "frames": shown})
    return found


def _frame_name(number: int) -> str:
    """Name of a frame of a clip by its number; negative for the image of the neutral face."""
    return f"frame {number}" if number >= 0 else "neutral image"
