"""RAVDESS: the Ryerson Audio-Visual Database of Emotional Speech and Song.

24 actors speak and sing two statements: ``Actor_01/01-01-03-01-01-01-01.mp4``. The seven numbers are modality (01 audio
and video, 02 video only, 03 audio only), vocal channel (01 speech, 02 song), emotion (01 neutral, 02 calm, 03 happy, 04
sad, 05 angry, 06 fearful, 07 disgust, 08 surprised), intensity (01 normal, 02 strong), statement, repetition and actor,
as its description at Zenodo says. Each recording is given with and without sound; one of the two is used. Audio files
are not used. Song has neither disgust nor surprise.
"""

from __future__ import annotations

from ..layout import Layout

RAVDESS = Layout(
    name="ravdess",
    description="RAVDESS: videos of 24 actors who speak and sing, seven emotions and neutral",
    layout="Actor_01/02-01-03-01-01-01-01.mp4: modality, channel, emotion, intensity, statement, repetition, actor",
    pattern=r"(?P<modality>0[12])-(?P<channel>0[12])-(?P<label>0[1-8])-(?P<intensity>0[12])-(?P<statement>0[12])-"
    r"(?P<repetition>0[12])-(?P<subject>\d{2})\.(mp4|m4v|mov|avi|mkv)",
    labels={
        **{"01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "fear"},
        **{"07": "disgust", "08": "surprise"},
    },
    values={
        "modality": {"01": "audio and video", "02": "video only"},
        "channel": {"01": "speech", "02": "song"},
        "intensity": {"01": "normal", "02": "strong"},
        "statement": {"01": "kids", "02": "dogs"},
    },
    versions={"modality": ("video only", "audio and video")},
    classes=("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise"),
    apex="found",
    reference="Livingstone, Russo, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), PLoS ONE "
    "2018, doi:10.1371/journal.pone.0196391",
    licence="CC BY-NC-SA 4.0",
    homepage="https://zenodo.org/records/1188976",
)
