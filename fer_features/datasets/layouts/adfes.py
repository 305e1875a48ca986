"""ADFES: the Amsterdam Dynamic Facial Expression Set.

Videos of 22 models (10 female, 12 male; North-European and Mediterranean) with nine emotions and neutral, recorded face
forward, and turning toward and away from the viewer: ``F02-Anger-Face Forward.mpeg`` is sex and number of the model,
emotion and direction. Each film has half a second of the neutral face, the onset, and the apex, which is held to the
end, as the description of the set says. The origin of a model is not part of the name. Films without an emotion, such
as ``F06-MouthOpening-Face Forward.mpeg``, and still images are not used.
"""

from __future__ import annotations

from ..layout import Layout

ADFES = Layout(
    name="adfes",
    description="ADFES: videos of 22 subjects, nine emotions and neutral, three directions of the face",
    layout="F02-Anger-Face Forward.mpeg: sex and number of the subject, emotion, direction",
    pattern=r"(?P<subject>[FM]\d{2})-(?P<label>Anger|Contempt|Disgust|Embarrass?ment|Fear|Joy|Neutral|Pride|Sadness|"
    r"Surprise)-(?P<view>Face Forward|Turn[^/.]*)\.(mpe?g|mp4|m4v|avi|mov|wmv)",
    values={"view": {"Face Forward": "face forward", "Turn Toward": "turn toward", "Turn Away": "turn away"}},
    apex="last",
    reference="van der Schalk et al., Moving faces, looking places: Validation of the Amsterdam Dynamic Facial "
    "Expression Set (ADFES), Emotion 2011, doi:10.1037/a0023853",
    licence="scientific research, on request; redistribution is not permitted",
    homepage="https://aice.uva.nl/research-tools/adfes-stimulus-set/adfes-stimulus-set.html",
)
