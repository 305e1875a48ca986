"""RaFD: the Radboud Faces Database.

8,040 colour images of 681 x 1024 pixels: 67 subjects, eight expressions, three directions of gaze and five cameras,
``Rafd090_01_Caucasian_female_angry_frontal.jpg``. As the FAQ of its homepage says, the name is the angle of the camera
(000, 045, 090, 135 and 180 degrees, where 090 is frontal), number of the subject, group (Caucasian, Moroccan, Kid),
sex, expression and direction of gaze. The numbers of the subjects are unique over all groups.
"""

from __future__ import annotations

from ..layout import Layout

RAFD = Layout(
    name="rafd",
    description="RaFD: photographs of 67 subjects, eight expressions, three directions of gaze and five angles",
    layout="Rafd090_01_Caucasian_female_angry_frontal.jpg: angle, subject, group, sex, expression, gaze",
    pattern=r"Rafd(?P<view>000|045|090|135|180)_(?P<subject>\d{2})_(?P<group>[a-z]+)_(?P<sex>female|male)_"
    r"(?P<label>[a-z]+)_(?P<gaze>frontal|left|right)\.(jpe?g|png|bmp|tiff?)",
    labels={
        **{"angry": "angry", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear"},
        **{"happy": "happy", "neutral": "neutral", "sad": "sad", "surprised": "surprise"},
    },
    values={"view": {"090": "frontal"}},
    reference="Langner et al., Presentation and validation of the Radboud Faces Database, Cognition and Emotion 2010, "
    "doi:10.1080/02699930903485076",
    licence="scientific research after registration; redistribution is not permitted",
    homepage="https://rafd.socsci.ru.nl",
)
