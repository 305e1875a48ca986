"""Where on a face the features of an extractor lie, read from their names."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from ..exceptions import FerError
from ..extractors.base import Extractor
from ..extractors.parameters import several
from ..vision.displacement import MEASURES
from ..vision.geometry import interocular_distance
from ..vision.landmark_names import POINTS
from ..vision.mbh import REGIONS
from ..vision.trajectory import FORMS

#: A place that is told by landmarks: the points whose mean it is, and the shift (x, y) from it in inter-ocular
#: distances.
Spot = tuple[tuple[int, ...], tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Places:
    """Cells of the crop, or landmarks, and how much of each feature lies in each.

    Attributes
    ----------
    spread : ndarray, shape (d, m), float64
        Share of each feature in each place. Rows sum to 1; to 0 where a feature has no place.
    boxes : ndarray, shape (m, 4), float64
        Of cells: left, top, right, bottom in [0, 1] of the crop; shape (0, 4) for landmarks.
    spots : tuple of Spot
        Of landmarks; empty for cells.
    """

    spread: np.ndarray
    boxes: np.ndarray
    spots: tuple[Spot, ...]

    def positions(self, landmarks: np.ndarray) -> np.ndarray:
        """Where the spots are on a face, (m, 2), of its `landmarks`, (68, 2)."""
        unit = interocular_distance(landmarks)
        return np.array([landmarks[list(points)].mean(0) + np.multiply(shift, unit) for points, shift in self.spots])


def places_of(extractor: Extractor) -> Places:
    """Where the features of a fitted extractor lie.

    Parameters
    ----------
    extractor : Extractor
        Fitted, for the number of its features may depend on the size of pictures.

    Returns
    -------
    Places
        Landmarks where names tell some: ``displacement[mouth corner right, x]``, ``lmp[chin direction=0deg]``; a
        measure such as ``change[mouth width]`` lies in equal parts at the points that it is taken between. Else the
        cells: ``hog[block=0,0 cell=1,2 orientation=20deg]``, all that ``cell=row,column`` says.

    Raises
    ------
    FerError
        Where no name tells a place.

    Notes
    -----
    Names are for people and say where a feature lies already; reading them here keeps places out of the extractors,
    and one that is added has them by naming its features as the others do. Cells are taken to cut the crop evenly, or
    to be as many pixels wide as `size=` or the parameter `cell` says. LPQ's lie within the crop by half its window,
    which is left out of account.
    """
    parsed = [_parse(name) for name in extractor.get_feature_names_out()]
    marked = [_spots(words) for words, _ in parsed]
    if any(marked):
        spots = list(dict.fromkeys(spot for some in marked for spot in some))
        number = {spot: k for k, spot in enumerate(spots)}
        spread = np.zeros((len(parsed), len(spots)))
        for i, some in enumerate(marked):
            for spot in some:
                spread[i, number[spot]] += 1 / len(some)
        return Places(spread, np.zeros((0, 4)), tuple(spots))
    cells = [_cell(values) for _, values in parsed]
    kinds = list(dict.fromkeys(cell for cell in cells if cell is not None))
    if not kinds:
        raise FerError(f"the features of {type(extractor).__name__} have no place on the face that could be drawn")
    index = {cell: k for k, cell in enumerate(kinds)}
    spread = np.zeros((len(parsed), len(kinds)))
    for i, cell in enumerate(cells):
        if cell is not None:
            spread[i, index[cell]] = 1
    return Places(spread, _boxes(kinds, extractor), ())


def _parse(name: str) -> tuple[str, dict[str, str]]:
    """What stands in a name's brackets: words up to a comma, and the values of ``key=value``."""
    inside = name[name.find("[") + 1 : name.rfind("]")]
    values = dict(re.findall(r"(\w+)=(\S+)", inside))
    words = re.sub(r"\w+=\S+", "", inside).split(",")[0]
    return " ".join(words.split()), values


def _spots(words: str) -> list[Spot]:
    if words in REGIONS:
        points, shift = REGIONS[words]
        return [(tuple(points), shift)]
    if words in POINTS:
        return [_single(POINTS.index(words))]
    if words in MEASURES:
        _, a, b = MEASURES[words]
        # Each side of a difference has the same say, however many points it is the mean of.
        return [_single(i) for i in (*a * len(b), *b * len(a))]
    if words in FORMS:
        return [_single(i) for group in FORMS[words][1] for i in group]
    return []


def _single(point: int) -> Spot:
    return (point,), (0.0, 0.0)


#: Side of the cell in pixels, cells a side, row, column; None where a name does not say.
Cell = tuple[int | None, int | None, int, int]


def _cell(values: dict[str, str]) -> Cell | None:
    if not re.fullmatch(r"\d+,\d+", values.get("cell", "")):
        return None
    row, column = map(int, values["cell"].split(","))
    size, grid = (int(values[key]) if key in values else None for key in ("size", "grid"))
    return size, grid, row, column


def _boxes(cells: list[Cell], extractor: Extractor) -> np.ndarray:
    height, width = extractor.shape_[1:3]
    # Of a HOG with cells of one size, names leave it out.
    pixels = several(extractor.get_params().get("cell"))[0]
    rows, columns = (1 + max(cell[axis] or 0 for cell in cells) for axis in (2, 3))
    boxes = []
    for size, grid, row, column in cells:
        side = size or pixels
        across, down = (width / side, height / side) if side else (grid or columns, grid or rows)
        boxes.append([column / across, row / down, (column + 1) / across, (row + 1) / down])
    return np.array(boxes)
