"""BU-3DFE: the texture images of the Binghamton University 3D Facial Expression Database.

100 subjects, a neutral face and six expressions in four intensities: 2,500 scans, of which the frontal texture images
of 512 x 512 pixels are read, ``F0001/F0001_AN01WH_F2D.bmp``. The name is the subject (sex and number), expression (AN,
DI, FE, HA, NE, SA, SU), intensity (01 to 04; 00 for neutral), ancestry (AE East Asian, AM Middle-Eastern, BL Black, IN
Indian, LA Hispanic, WH White) and kind of file. The models (``F3D.wrl``, ``RAW.wrl``), their textures and the feature
points (``.bnd``) are not read.
"""

from __future__ import annotations

import dataclasses

from ...media.file_tree import FileTree
from ..file_records import FoundRecords
from ..layout import Layout

#: Kind of the images that show a face; others are laid out for the surface of its model.
FACE_IMAGE = "f2d"


def _face_images(tree: FileTree, found: FoundRecords) -> FoundRecords:
    faces = [record for record in found.records if record.extra["kind"].lower() == FACE_IMAGE]
    records = [
        dataclasses.replace(record, extra={key: value for key, value in record.extra.items() if key != "kind"})
        for record in faces
    ]
    return dataclasses.replace(found, records=records)


BU3DFE = Layout(
    name="bu3dfe",
    description="BU-3DFE: texture images of 100 subjects, neutral and six expressions in four intensities",
    layout="F0001/F0001_AN01WH_F2D.bmp: subject, expression, intensity, ancestry",
    pattern=r"(?P<subject>[FM]\d{4})_(?P<label>[A-Z]{2})(?P<intensity>\d{2})(?P<ancestry>[A-Z]{2})_"
    r"(?P<kind>F2D|F3D|RAW)\w*\.(bmp|png|jpe?g)",
    labels={
        **{"an": "angry", "di": "disgust", "fe": "fear", "ha": "happy", "ne": "neutral", "sa": "sad"},
        "su": "surprise",
    },
    values={
        "ancestry": {
            **{"AE": "East Asian", "AM": "Middle-Eastern", "BL": "Black", "IN": "Indian", "LA": "Hispanic"},
            "WH": "White",
        },
    },
    annotate=_face_images,
    reference="Yin et al., A 3D facial expression database for facial behavior research, FG 2006, "
    "doi:10.1109/FGR.2006.6",
    licence="non-profit research after signing an agreement; redistribution is not permitted",
    homepage="https://www.cs.binghamton.edu/~lijun/Research/3DFE/3DFE_Analysis.html",
)
