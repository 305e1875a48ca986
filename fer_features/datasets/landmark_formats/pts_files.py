r"""The .pts files of iBUG: the landmarks of one face.

A file has the lines ``version: 1``, ``n_points: 68``, ``{``, then ``x y`` for each point, and ``}``. The origin is not
part of the format. The files of 300-W and of tools in MATLAB count pixels from 1, and so does menpo, the library of the
authors of 300-W, which subtracts 1 when it reads and adds 1 when it writes them. This reader does the same.

References
----------
`PTSImporter` in ``menpo/io/input/landmark.py`` and `PTSExporter` in ``menpo/io/output/landmark.py`` of
https://github.com/menpo/menpo.

C. Sagonas, G. Tzimiropoulos, S. Zafeiriou, M. Pantic, "300 Faces in-the-Wild Challenge", ICCV Workshops 2013,
doi:10.1109/ICCVW.2013.59
"""

from __future__ import annotations

import re

import numpy as np

from ...exceptions import FerError
from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, ibug68_points, one_source

#: The header; old versions of OpenFace write 'npoints'.
_HEADER = re.compile(r"\s*(?:version\s*:\s*\S+\s+)?n_?points\s*:\s*(\d+)\s*\{")


def is_pts(file: CandidateFile) -> bool:
    """Whether a file has the header of .pts."""
    return bool(_HEADER.match(file.head_text))


def read_pts(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of one face.

    Raises
    ------
    FerError
        For points that are not two numbers, and a number of points that is not that of the header or not 68.
    """
    text = file.text()
    header = _HEADER.match(text)
    assert header is not None
    body, brace, _ = text[header.end() :].partition("}")
    if not brace:
        raise FerError(f"{file} is incomplete: it ends without '}}'")
    points = read_number_pairs(file, body)
    if header[1].lstrip("0") != str(len(points)):
        raise FerError(f"{file} announces {header[1]} points and has {len(points)}")
    return one_source(ibug68_points(points - 1, file.path)[None])


def read_number_pairs(file: CandidateFile, text: str) -> np.ndarray:
    """The numbers x and y of each line that is not empty, (P, 2).

    Raises
    ------
    FerError
        For a line that has something else.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    try:
        points = np.array([(float(x), float(y)) for x, y in lines]).reshape(-1, 2)
    except ValueError as error:
        raise FerError(f"{file} has a line that is not a point 'x y'") from error
    if not np.isfinite(points).all():
        raise FerError(f"{file} has a coordinate that is not a finite number")
    return points
