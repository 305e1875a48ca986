"""eNTERFACE'05: folders decide, whatever the files are called."""

from fer_features.datasets.layouts.enterface05 import ENTERFACE05

from .trees import found_in, touch, write_video

EMOTIONS = {
    **{"anger": "an", "disgust": "di", "fear": "fe", "happiness": "ha"},
    **{"sadness": "sa", "surprise": "su"},
}
FILES = {
    f"enterface database/subject {subject}/{emotion}/sentence {i}/s{subject}_{code}_{i}.avi": (
        str(subject),
        emotion,
        str(i),
    )
    for subject in (1, 42)
    for emotion, code in EMOTIONS.items()
    for i in (1, 2)
} | {
    "enterface database/subject 6/anger/s6_an_1.avi": ("6", "anger", ""),
    "enterface database/subject 3/anger/sentence 5/s_3_hap_5.avi": ("3", "anger", "5"),
}


def write_tree(root):
    for name in FILES:
        write_video(root / name)
    touch(root, ["enterface database/Thumbs.db", "enterface database/readme.txt"])


def test_folders_are_read_as_documented(tmp_path):
    write_tree(tmp_path)
    found = found_in(ENTERFACE05, tmp_path)
    assert {name: (record.subject, record.label, record.extra["sentence"]) for name, record in found.items()} == FILES
