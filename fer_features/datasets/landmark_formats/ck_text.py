"""Text files with a line ``x y`` for each point, as in the extended Cohn-Kanade data set (CK+): one face.

CK+ has one file per frame, such as ``Landmarks/S005/001/S005_001_00000011_landmarks.txt`` for the image
``cohn-kanade-images/S005/001/S005_001_00000011.png``, with 68 points in scientific notation that an active appearance
model has tracked. Its documentation names no origin; the positions are used as they are.

References
----------
"The Extended Cohn-Kanade (CK+) database distribution: Phase 1", 2010, the text file that is distributed with the data.

P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, "The extended Cohn-Kanade dataset (CK+)", CVPR
Workshops 2010, doi:10.1109/CVPRW.2010.5543262
"""

from __future__ import annotations

import re

from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, ibug68_points, one_source
from .pts_files import read_number_pairs

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"\s*{_NUMBER}[ \t]+{_NUMBER}\s*")


def is_ck_text(file: CandidateFile) -> bool:
    """Whether all lines at the beginning of a file are pairs of numbers."""
    lines = [line for line in file.head_text.splitlines()[:10] if line.strip()]
    return bool(lines) and all(_POINT.fullmatch(line) for line in lines)


def read_ck_text(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of one face.

    Raises
    ------
    FerError
        For lines that are not two numbers, and another number of points than 68.
    """
    return one_source(ibug68_points(read_number_pairs(file, file.text()), file.path)[None])
