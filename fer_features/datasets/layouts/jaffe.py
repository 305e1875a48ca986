"""JAFFE: Japanese Female Facial Expression.

213 grey images of 256 x 256 pixels, ten subjects, ``KA.AN1.39.tiff``: subject (two letters), expression (AN, DI, FE,
HA, NE, SA, SU) with the number of the repetition, and number of the image, as its README says.
"""

from __future__ import annotations

from ..layout import Layout

JAFFE = Layout(
    name="jaffe",
    description="JAFFE: 213 photographs of ten Japanese women, seven expressions",
    layout="KA.AN1.39.tiff: subject, expression with repetition, number",
    pattern=r"(?P<subject>[A-Z]{2})\.(?P<label>AN|DI|FE|HA|NE|SA|SU)\d?\.\d+\.(tiff?|jpe?g|png|bmp)",
    labels={
        **{"an": "angry", "di": "disgust", "fe": "fear", "ha": "happy", "ne": "neutral", "sa": "sad"},
        "su": "surprise",
    },
    reference="Lyons et al., Coding facial expressions with Gabor wavelets, FG 1998, doi:10.1109/AFGR.1998.670949",
    licence="non-commercial scientific research; redistribution is not permitted",
    homepage="https://zenodo.org/records/3451524",
)
