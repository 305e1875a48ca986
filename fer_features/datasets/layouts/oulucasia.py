"""Oulu-CASIA NIR&VIS: sequences from neutral to apex under three illuminations.

80 subjects show six expressions, which a visible-light camera (VL) and a near-infrared camera (NI) record at once,
under strong, weak and dark illumination: 2,880 sequences, ``OriginalImg/VL/Strong/P001/Anger/000.jpeg`` (also below
``B_OriginalImg``). The first frame is neutral and the last one the apex. Most publications evaluate the 480 sequences
of ``camera=VL`` and ``illumination=Strong``. The distribution also contains the cropped faces, ``PreProcess
Img/VL_Acropped/Strong/P001/Anger/000.jpeg``. Subject P001 is the same person in all conditions.
"""

from __future__ import annotations

from ...media.file_tree import FileTree
from ..file_records import FoundRecords
from ..layout import Layout


def _note_conditions(tree: FileTree, found: FoundRecords) -> FoundRecords:
    for name, usual in (("camera", "VL"), ("illumination", "Strong")):
        values = sorted({record.extra[name] for record in found.records})
        if len(values) > 1:
            found.notes.append(
                f"the sequences of each subject are of {name} {', '.join(values)}; where='{name}={usual}' selects the "
                "condition of most publications"
            )
    return found


OULUCASIA = Layout(
    name="oulucasia",
    description="Oulu-CASIA NIR&VIS: sequences of 80 subjects, two cameras and three illuminations, six expressions",
    layout="OriginalImg/VL/Strong/P001/Anger/000.jpeg: camera, illumination, subject, expression, frame",
    pattern=r"(?P<camera>VL|NI)(?P<edition>_Acropped|)/(?P<illumination>Strong|Weak|Dark)/(?P<subject>P\d{3})/"
    r"(?P<clip>(?P<label>Anger|Disgust|Fear|Happiness|Sadness|Surprise))/\d+\.(jpe?g|png|bmp)",
    values={"edition": {"": "original", "_acropped": "cropped"}},
    versions={"edition": ("original", "cropped")},
    apex="last",
    annotate=_note_conditions,
    reference="Zhao et al., Facial expression recognition from near-infrared videos, Image and Vision Computing 2011, "
    "doi:10.1016/j.imavis.2011.07.002",
    licence="research only, after a signed agreement",
    homepage="https://www.oulu.fi/en/university/faculties-and-units/faculty-information-technology-and-electrical-"
    "engineering/center-machine-vision-and-signal-analysis",
)
