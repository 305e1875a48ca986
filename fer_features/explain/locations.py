"""Locations of the features of an extractor on the face, parsed from the feature names."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from ..exceptions import FerError
from ..extractors.base import Extractor
from ..extractors.parameters import as_list
from ..vision.facial_measures import DISTANCE_MEASURES, SHAPE_MEASURES
from ..vision.geometry import interocular_distance
from ..vision.landmark_names import LANDMARK_NAMES
from ..vision.lmp import LMP_REGIONS

#: A location defined by landmarks: indices of the points whose mean it is, and an offset (x, y) in interocular
#: distances.
LandmarkLocation = tuple[tuple[int, ...], tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class FeatureLocations:
    """Cells of the face crop, or landmarks, and the weight of each feature in each of them.

    Attributes
    ----------
    weights : ndarray, shape (d, m), float64
        Weight of each feature in each location. Rows sum to 1, or to 0 for a feature without a location.
    boxes : ndarray, shape (m, 4), float64
        Of cells: left, top, right and bottom as fractions of the crop; shape (0, 4) for landmarks.
    landmarks : tuple of LandmarkLocation
        Empty for cells.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.explain import feature_locations
    >>> from fer_features.extractors import LBP, Landmarks
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> cells = feature_locations(LBP(grid=2).fit(np.zeros((1, 48, 48), np.uint8)))
    >>> cells.weights.shape, cells.boxes[0].tolist()
    ((236, 4), [0.0, 0.0, 0.5, 0.5])
    >>> points = feature_locations(Landmarks().fit(np.zeros((1, 2, 68, 2))))
    >>> len(points.landmarks), points.has_shared_features
    (68, True)
    >>> points.positions(60 * MEAN_FACE + 100).shape
    (68, 2)
    """

    weights: np.ndarray
    boxes: np.ndarray
    landmarks: tuple[LandmarkLocation, ...]

    def positions(self, points: np.ndarray) -> np.ndarray:
        """Positions of the landmark locations on a face with landmarks `points` (68, 2), shape (m, 2)."""
        unit = interocular_distance(points)
        return np.array([points[list(of)].mean(0) + np.multiply(offset, unit) for of, offset in self.landmarks])

    @property
    def has_shared_features(self) -> bool:
        """Whether a feature, such as a distance between landmarks, belongs to several locations."""
        return bool(((self.weights > 0).sum(1) > 1).any())


def feature_locations(extractor: Extractor) -> FeatureLocations:
    """Locations of the features of a fitted extractor.

    Parameters
    ----------
    extractor : Extractor
        Fitted, because the number of features may depend on the image size.

    Returns
    -------
    FeatureLocations
        Landmarks where feature names contain some: ``displacement[mouth corner right, x]``,
        ``lmp[chin direction=0deg]``; a measure such as ``change[mouth width]`` has equal weights at its landmarks.
        Otherwise the cells in ``cell=row,column``: ``hog[block=0,0 cell=1,2 orientation=20deg]``.

    Raises
    ------
    FerError
        Where no name contains a location.

    Notes
    -----
    Feature names contain the location; parsing them keeps locations out of the extractors, and a new extractor has
    locations if its names follow the same pattern. Cells divide the crop evenly, or have the width in pixels given by
    ``size=`` or by the parameter `pixels_per_cell`. The margin of half a window of LPQ is neglected.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features.explain import feature_locations
    >>> from fer_features.extractors import LBP
    >>> lbp = LBP(grid=2).fit(np.zeros((1, 48, 48), np.uint8))
    >>> locations = feature_locations(lbp)
    >>> lbp.get_feature_names_out()[-1], locations.boxes[locations.weights[-1].argmax()].tolist()
    ('lbp[cell=1,1 pattern=58]', [0.5, 0.5, 1.0, 1.0])
    """
    parsed = [_parse(name) for name in extractor.get_feature_names_out()]
    of_names = [_landmarks_of(text) for text, _ in parsed]
    if any(of_names):
        landmarks = list(dict.fromkeys(one for several in of_names for one in several))
        number = {one: k for k, one in enumerate(landmarks)}
        weights = np.zeros((len(parsed), len(landmarks)))
        for i, several in enumerate(of_names):
            for one in several:
                weights[i, number[one]] += 1 / len(several)
        return FeatureLocations(weights, np.zeros((0, 4)), tuple(landmarks))
    cells = [_cell(values) for _, values in parsed]
    distinct = list(dict.fromkeys(cell for cell in cells if cell is not None))
    if not distinct:
        raise FerError(f"the features of {type(extractor).__name__} have no location on the face")
    index = {cell: k for k, cell in enumerate(distinct)}
    weights = np.zeros((len(parsed), len(distinct)))
    for i, cell in enumerate(cells):
        if cell is not None:
            weights[i, index[cell]] = 1
    return FeatureLocations(weights, _boxes(distinct, extractor), ())


def _parse(name: str) -> tuple[str, dict[str, str]]:
    """The content of the brackets of a name: text up to a comma, and the values of ``key=value``."""
    inside = name[name.find("[") + 1 : name.rfind("]")]
    values = dict(re.findall(r"(\w+)=(\S+)", inside))
    text = re.sub(r"\w+=\S+", "", inside).split(",")[0]
    return " ".join(text.split()), values


def _landmarks_of(text: str) -> list[LandmarkLocation]:
    if text in LMP_REGIONS:
        points, offset = LMP_REGIONS[text]
        return [(tuple(points), offset)]
    if text in LANDMARK_NAMES:
        return [_single(LANDMARK_NAMES.index(text))]
    if text in DISTANCE_MEASURES:
        _, a, b = DISTANCE_MEASURES[text]
        # Both ends of a distance have the same weight, whatever the number of points they are the mean of.
        return [_single(i) for i in (*a * len(b), *b * len(a))]
    if text in SHAPE_MEASURES:
        return [_single(i) for group in SHAPE_MEASURES[text][1] for i in group]
    return []


def _single(point: int) -> LandmarkLocation:
    return (point,), (0.0, 0.0)


#: Side of a cell in pixels, cells per side (None where the name does not contain it), row and column.
Cell = tuple[int | None, int | None, int, int]


def _cell(values: dict[str, str]) -> Cell | None:
    if not re.fullmatch(r"\d+,\d+", values.get("cell", "")):
        return None
    row, column = map(int, values["cell"].split(","))
    size, grid = (int(values[key]) if key in values else None for key in ("size", "grid"))
    return size, grid, row, column


def _boxes(cells: list[Cell], extractor: Extractor) -> np.ndarray:
    height, width = extractor.input_shape_[1:3]
    # The names of HOG features with cells of one size do not contain it.
    pixels = as_list(extractor.get_params().get("pixels_per_cell"))[0]
    n_rows, n_columns = (1 + max(cell[axis] or 0 for cell in cells) for axis in (2, 3))
    boxes = []
    for size, grid, row, column in cells:
        side = size or pixels
        across, down = (width / side, height / side) if side else (grid or n_columns, grid or n_rows)
        boxes.append([column / across, row / down, (column + 1) / across, (row + 1) / down])
    return np.array(boxes)
