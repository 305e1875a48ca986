"""CSV files of OpenFace, and those that this package writes: `openface_table` describes and reads them.

Frames are counted from 1 in the file. A file with the column ``file`` is of many images or clips, any other one of one
image or video. Of several faces in a video the one with the most frames is used, of those in an image the one with
the highest confidence.

References
----------
https://github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format
"""

from __future__ import annotations

import numpy as np

from ..openface_table import FILE_COLUMN, read_openface
from .candidate_file import CandidateFile
from .landmark_frames import LandmarkFrames, check_frames, check_number_of_points
from .pyfeat_csv import FACE_BOX_COLUMNS, n_points_in


def is_openface(file: CandidateFile) -> bool:
    """Whether a CSV file has the columns of OpenFace for a video or an image, with or without landmarks."""
    names = set(file.columns)
    is_of_video = {"frame", "confidence", "success"} <= names
    return (is_of_video or {"face", "confidence"} <= names) and FACE_BOX_COLUMNS[0] not in names


def read_openface_frames(file: CandidateFile) -> LandmarkFrames:
    """Read the landmarks of one face in each frame.

    Raises
    ------
    FerError
        See `fer_features.datasets.openface_table.read_openface`.
    """
    n = n_points_in(file.columns)
    if n:  # a file without landmarks is refused with advice on how OpenFace writes them
        check_number_of_points(n, file.path)
    table = read_openface(file.path)
    names = None if table.file is None else list(dict.fromkeys(table.file.tolist()))
    index = {name: i for i, name in enumerate(names or [])}
    source = np.zeros(len(table.frame), int)
    if table.file is not None:
        source = np.array([index[name] for name in table.file.tolist()])
    if table.is_of_video:
        # The face with the most frames that have landmarks, of each source; the first of equal ones.
        found = np.isfinite(table.landmarks).all((1, 2))
        keys, inverse = np.unique(np.stack([source, table.face_id], 1), axis=0, return_inverse=True)
        score = np.bincount(inverse.ravel(), found + 1e-6, len(keys))
        best = {int(s): int(f) for (s, f), _ in sorted(zip(keys.tolist(), score, strict=True), key=lambda k: k[1])}
        lines = np.flatnonzero([best[s] == f for s, f in zip(source.tolist(), table.face_id.tolist(), strict=True)])
    else:
        lines = np.array([table.confidence.argmax()])
    return LandmarkFrames(
        table.landmarks[lines],
        source[lines],
        check_frames(table.frame[lines], file.path),
        names,
        of_samples=FILE_COLUMN in file.columns,
    )
