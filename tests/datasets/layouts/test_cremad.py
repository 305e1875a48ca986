"""CREMA-D: codes of the names; audio and ratings are not used."""

from fer_features.datasets.layouts.cremad import CREMAD

from .trees import found_in, touch, write_video

EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
NAMES = [
    *(
        f"{actor}_{sentence}_{emotion}_XX"
        for actor in (1001, 1091)
        for sentence in ("DFA", "ITS")
        for emotion in EMOTIONS
    ),
    *("1001_IEO_ANG_LO", "1001_IEO_ANG_MD", "1001_IEO_ANG_HI", "1040_ITH_SAD_X"),
]
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}


def write_tree(root):
    for name in NAMES:
        write_video(root / f"VideoFlash/{name}.flv")
    touch(root, [*(f"AudioWAV/{name}.wav" for name in NAMES), "processedResults/summaryTable.csv", "README.md"])


def test_names_are_read_as_documented(tmp_path):
    write_tree(tmp_path)
    found = found_in(CREMAD, tmp_path)
    assert sorted(found) == sorted(f"VideoFlash/{name}.flv" for name in NAMES)
    for record in found.values():
        actor, sentence, emotion, level = record.files[0].stem.split("_")
        assert (record.subject, record.label) == (actor, EMOTIONS[emotion])
        assert record.extra == {"sentence": sentence, "level": LEVELS[level]}
