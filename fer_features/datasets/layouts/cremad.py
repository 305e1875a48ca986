"""CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset.

7,442 clips of 91 actors who speak twelve sentences: ``VideoFlash/1001_DFA_ANG_XX.flv`` is the number of the actor, the
sentence, the emotion (ANG anger, DIS disgust, FEA fear, HAP happy, NEU neutral, SAD sad) and its level (LO low, MD
medium, HI high, XX unspecified), as the README of the data set says. The label is the emotion that the actor was asked
to show; what raters perceived is in ``processedResults/summaryTable.csv``, which is not used. Nor is the audio.
"""

from __future__ import annotations

from ..layout import Layout

CREMAD = Layout(
    name="cremad",
    description="CREMA-D: videos of 91 actors who speak, five emotions and neutral",
    layout="VideoFlash/1001_DFA_ANG_XX.flv: actor, sentence, emotion, level",
    pattern=r"(?P<subject>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<label>ANG|DIS|FEA|HAP|NEU|SAD)_(?P<level>LO|MD|HI|XX?)"
    r"\.(flv|mp4|m4v|avi|mov|mkv|webm|wmv)",
    labels={"ang": "angry", "dis": "disgust", "fea": "fear", "hap": "happy", "neu": "neutral", "sad": "sad"},
    values={"level": {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}},
    apex="found",
    reference="Cao et al., CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, IEEE Transactions on Affective "
    "Computing 2014, doi:10.1109/TAFFC.2014.2336244",
    licence="Open Database License 1.0",
    homepage="https://github.com/CheyneyComputerScience/CREMA-D",
)
