"""SFEW 2.0: Static Facial Expressions in the Wild, frames of the movies of AFEW, from the challenge EmotiW 2015.

``Train/Angry/Airheads_000519240_00000005.png`` is split, expression, movie, time in the movie and number of the frame.
Images of the split Test have no expression folder and no label. The distribution also contains the faces that the
organizers found and aligned, ``Train_Aligned_Faces/Angry/...``; these are used where they are present, since an
original frame often shows several faces. The files do not name the actors, so subjects are unknown: a movie has several
actors, and an actor plays in several movies. The authors describe the splits as strictly person independent.
"""

from __future__ import annotations

from ..layout import Layout

SFEW = Layout(
    name="sfew",
    description="SFEW 2.0: frames of movies, six expressions and neutral, predefined splits; subjects unknown",
    layout="Train/Angry/Airheads_000519240_00000005.png: split, expression, movie, time, frame",
    pattern=r"(?P<split>Train|Val|Test)(?:_SFEW[^/]*?)?(?P<edition>_Aligned_Faces|)(?:_new)?/"
    r"(?:(?P<label>Angry|Disgust|Fear|Happy|Neutral|Sad|Surprise)/)?"
    r"(?P<movie>[^/]+)_(?P<time>\d{9})_(?P<frame>\d{8})\.(png|jpe?g)",
    values={"edition": {"": "original", "_Aligned_Faces": "aligned"}},
    splits={"train": "train", "val": "validation", "test": "test"},
    versions={"edition": ("aligned", "original")},
    reference="Dhall, Goecke, Lucey, Gedeon, Static facial expression analysis in tough conditions: data, evaluation "
    "protocol and benchmark, ICCV Workshops 2011, doi:10.1109/ICCVW.2011.6130508",
    licence="academic research, after a signed agreement",
    homepage="https://cs.anu.edu.au/few/AFEW.html",
)
