"""XML files of dlib's tool imglab: faces in many images, with their points.

``<dataset><images><image file='a.jpg'><box top= left= width= height=><part name='00' x='55' y='141'/>...``: names of
parts are the numbers of the points, from 0, and coordinates are indices of pixels, also from 0. dlib orders parts by
name, so that names without leading zeros ('0', '10', '2') are ambiguous for dlib; here they are numbers. Of several
faces in an image the one with the largest box is used; boxes with ``ignore='1'`` are not faces.

References
----------
``dlib/data_io/image_dataset_metadata.h`` and ``tools/imglab`` of https://github.com/davisking/dlib; origin of the
coordinates: https://github.com/davisking/dlib/issues/1827; names of parts:
https://github.com/NaturalIntelligence/imglab/issues/191
"""

from __future__ import annotations

import xml.parsers.expat
from typing import Any

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, ibug68_points

#: Maximum number of images and of points of a face.
MAX_IMAGES = 10_000_000
MAX_POINTS = 1_000


def is_imglab(file: CandidateFile) -> bool:
    """Whether a file is XML with the element ``dataset``."""
    return file.head_text.lstrip().startswith("<") and "<dataset" in file.head_text


def read_imglab(file: CandidateFile) -> LandmarkFrames:
    """Read the largest face of each image; images without points have no landmarks.

    Raises
    ------
    FerError
        For damaged XML, a document type definition (its entities can expand without limit), a repeated image, and
        points that are not numbered from 0.
    """
    images = _Images(file)
    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler = images.refuse_doctype
    parser.StartElementHandler = images.start
    parser.EndElementHandler = images.end
    try:
        with open(file.path, "rb") as opened:
            parser.ParseFile(opened)
    except OSError as error:
        raise FerError(f"{file} cannot be read: {error.strerror or error}") from error
    except FerError:
        raise
    except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:  # the last two for unknown encodings
        raise FerError(f"{file} cannot be read as XML: {error}") from error
    if not images.names:
        raise FerError(f"{file} has no image")
    n = len(images.names)
    return LandmarkFrames(np.stack(images.landmarks), np.arange(n), np.zeros(n, int), images.names)


class _Images:
    """Handlers of the elements of a file; they keep the largest face of each image."""

    def __init__(self, file: CandidateFile):
        self.file = file
        self.names: list[str] = []
        self.landmarks: list[np.ndarray] = []
        self._area = -1.0
        self._box: dict[str, str] | None = None
        self._parts: dict[int, tuple[float, float]] = {}

    def refuse_doctype(self, *_: Any) -> None:
        raise FerError(f"{self.file} has a document type definition, which is not read: remove it")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "image":
            if "file" not in attributes or len(self.names) >= MAX_IMAGES:
                raise FerError(f"{self.file} has an image without the attribute 'file', or more than {MAX_IMAGES:,}")
            self.names.append(attributes["file"].strip())
            self.landmarks.append(np.full((68, 2), np.nan, np.float32))
            self._area = -1.0
        elif tag == "box" and self.names:
            self._box, self._parts = attributes, {}
        elif tag == "part" and self._box is not None:
            try:
                number, x, y = int(attributes["name"]), float(attributes["x"]), float(attributes["y"])
            except (KeyError, ValueError) as error:
                raise self._fault("a part that is not a number with x and y") from error
            if number in self._parts or not 0 <= number < MAX_POINTS:
                raise self._fault(f"the part {number} twice, or out of range")
            self._parts[number] = x, y

    def end(self, tag: str) -> None:
        if tag != "box" or self._box is None:
            return
        box, parts = self._box, self._parts
        self._box = None
        if not parts or box.get("ignore") == "1":
            return
        n = max(parts) + 1
        if n != len(parts):
            raise self._fault(f"{len(parts)} parts whose numbers are not 0 to {len(parts) - 1}")
        points = ibug68_points(np.array([parts[i] for i in range(n)], np.float32), self.file.path)
        if not np.isfinite(points).all():
            raise self._fault("a coordinate that is not a finite number")
        try:
            area = float(box["width"]) * float(box["height"])
        except (KeyError, ValueError):
            area = float(np.prod(np.ptp(points, axis=0)))
        if area > self._area:
            self._area, self.landmarks[-1] = area, points

    def _fault(self, fault: str) -> FerError:
        return FerError(f"{self.file}: '{self.names[-1]}' has {fault}")
