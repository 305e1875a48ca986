"""MUG: frames of clips that begin and end with the neutral face.

The part of the MUG database that registered users receive has 52 subjects in the folder ``subjects3``:
``001/anger/take000/img_0000.jpg`` is subject, expression, take and frame, for subjects of several sessions
``001/session0/anger/take000/img_0000.jpg``. Every clip goes from neutral over onset and apex to offset and neutral, and
clips of the neutral face are given, too. Folders of mixed expressions are not used.
"""

from __future__ import annotations

from ..layout import Layout

MUG = Layout(
    name="mug",
    description="MUG: clips of 52 subjects, six expressions and neutral, from neutral to apex and back",
    layout="subjects3/001/anger/take000/img_0000.jpg: subject, expression, take, frame",
    pattern=r"(?P<subject>\d{3})/(?:session(?P<session>\d+)/)?(?P<label>anger|disgust|fear|happiness|neutral|sadness|"
    r"surprise)/(?P<clip>(?P<take>take\d+)[^/]*)/img_\d+\.(jpe?g|png)",
    apex="found",
    reference="Aifanti, Papachristou, Delopoulos, The MUG facial expression database, WIAMIS 2010",
    licence="non-commercial research, after a signed agreement",
    homepage="https://mug.ee.auth.gr/fed/",
)
