"""KDEF: the Karolinska Directed Emotional Faces.

70 subjects (35 female, 35 male) in two sessions, seven expressions, five angles: 4,900 colour images of 562 x 762
pixels, ``AF01/AF01ANS.JPG``. The name is session (A, B), sex (F, M), number of the subject, expression (AF afraid, AN
angry, DI disgusted, HA happy, NE neutral, SA sad, SU surprised) and angle (FL full left profile, HL half left profile,
S straight, HR half right profile, FR full right profile), as described in ``KDEF AND AKDEF.txt`` of the distribution.
Sex and number are the subject: F01 and M01 are different persons, A and B are sessions of the same one.
"""

from __future__ import annotations

from ..layout import Layout

KDEF = Layout(
    name="kdef",
    description="KDEF: photographs of 70 subjects in two sessions, seven expressions and five angles",
    layout="AF01/AF01ANS.JPG: session, sex and number of the subject, expression, angle",
    pattern=r"(?P<session>[AB])(?P<subject>[FM]\d{2})(?P<label>AF|AN|DI|HA|NE|SA|SU)(?P<view>FL|HL|S|HR|FR)\.(jpe?g|png)",
    labels={
        **{"af": "fear", "an": "angry", "di": "disgust", "ha": "happy", "ne": "neutral", "sa": "sad"},
        "su": "surprise",
    },
    values={
        "view": {"FL": "full left", "HL": "half left", "S": "frontal", "HR": "half right", "FR": "full right"},
    },
    reference="Lundqvist, Flykt, Öhman, The Karolinska Directed Emotional Faces, Karolinska Institutet, 1998, "
    "ISBN 91-630-7164-9; Goeleven et al., Cognition and Emotion 2008, doi:10.1080/02699930701626582",
    licence="free for scientific purposes after registration; redistribution is not permitted",
    homepage="https://kdef.se",
)
