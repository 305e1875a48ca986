"""FER+ as images: majority labels of the votes in the lists of both forms, and their faults."""

import numpy as np
import pytest

from fer_features import load_dataset
from fer_features.datasets.ferplus import majority_label
from fer_features.expressions import FERPLUS_CLASSES

from .trees import Expected, check_faults, check_stills, write_images, write_other_files, write_text

USAGES = {"FER2013Train": "Training", "FER2013Valid": "PublicTest", "FER2013Test": "PrivateTest"}
SPLITS = {"FER2013Train": "train", "FER2013Valid": "validation", "FER2013Test": "test"}
NAMES = {"happiness": "happy", "sadness": "sad", "anger": "angry"}
HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def votes(i):
    """Ten votes: eight for one of the classes or for 'unknown' or 'NF', or a tie."""
    if i % 11 == 10:
        return [5, 5, *[0] * 8]
    return [8 if k == i % 11 else 1 if k in ((i + 1) % 10, (i + 2) % 10) else 0 for k in range(10)]


def write_tree(root, lists=True, table=False, below=""):
    expected, rows = {}, [HEADER]
    for n, folder in enumerate(USAGES):
        files = [f"fer{(0, 28709, 32298)[n] + i:07}.png" for i in range(11)]
        images = write_images(root, [f"{below}{folder}/{file}" for file in files])
        lines = []
        for i, file in enumerate(files):
            counts = ",".join(map(str, votes(i)))
            lines.append(f'{file},"(0, 0, 48, 48)",{counts}\n')
            rows.append(f"{USAGES[folder]},{file},{counts}")
            code = majority_label(np.array([votes(i)]))[0]
            label = "" if code < 0 else FERPLUS_CLASSES[code]
            name = f"{below}{folder}/{file}"
            expected[name] = Expected((images[name],), NAMES.get(label, label), split=SPLITS[folder])
        if lists:
            write_text(root / f"{below}{folder}/label.csv", "".join(lines))
    if table:
        removed = "Training,,0,0,0,0,0,0,0,0,0,10"  # FER+ has no name for an image without a face
        write_text(root / "fer2013new.csv", "\n".join([*rows, removed]) + "\n")
    write_other_files(root)
    return expected


@pytest.mark.parametrize(("lists", "table", "below"), [(True, False, "data/"), (False, True, "images/")])
def test_majority_of_the_votes(tmp_path, lists, table, below):
    expected = write_tree(tmp_path, lists, table, below)
    X = check_stills(tmp_path, expected, "ferplus")
    assert len({one.label for one in expected.values()}) == 9
    assert "majority labels of FER+: 9 sample(s) have no majority and no label" in X.info.notes


def test_labels_are_those_of_the_csv_file_with_the_votes(tmp_path):
    expected = write_tree(tmp_path / "images", lists=False, table=True)
    usages = {split: USAGES[folder] for folder, split in SPLITS.items()}
    rows = [
        f"0,{' '.join(map(str, one.images[0].ravel()))},{usages[one.split]}"
        for _, one in sorted(expected.items(), key=row_of)
    ]
    write_text(tmp_path / "csv/fer2013.csv", "\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    votes_of_all = (tmp_path / "images/fer2013new.csv").read_text().splitlines()[:-1]
    write_text(tmp_path / "csv/fer2013new.csv", "\n".join(votes_of_all) + "\n")
    X = load_dataset(tmp_path / "csv", labels="ferplus")
    Y = load_dataset(tmp_path / "images")
    order = sorted(range(len(Y)), key=lambda i: row_of((Y["id"][i], None)))
    assert (Y["images"][order] == X["images"]).all()
    assert (Y["split"][order] == X["split"]).all()
    names = [NAMES.get(name, name) for name in (*X.info.classes, "")]
    assert [(*Y.info.classes, "")[code] for code in Y.label_codes[order]] == [names[code] for code in X.label_codes]


def row_of(item):
    """Row of fer2013.csv: the number in the name, and its split."""
    folder, file = item[0].split("/")
    return list(USAGES).index(folder), file


def test_one_folder(tmp_path):
    expected = write_tree(tmp_path)
    for folder in ("FER2013Valid", "FER2013Test"):
        (tmp_path / folder).rename(tmp_path.parent / folder)
    expected = {name: one for name, one in expected.items() if name.startswith("FER2013Train")}
    check_stills(tmp_path, expected, "ferplus")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            'fer0000099.png,"(0, 0, 48, 48)",8,0,0,0,0,0,0,0,0,2',
            "line 12: there is no image FER2013Train/fer0000099.png",
        ),
        ('fer0000003.png,"(0, 0, 48, 48)",8,0,0,0,0,0,0,0,0,2', "line 12: contradicts line 4"),
        ('fer0000099.png,"(0, 0, 48, 48)",8,0,0,0,0,0,0,0,0', "line 12: 11 field(s), not 12"),
        ('fer0000099.png,"(0, 0, 48, 48)",-1,0,0,0,0,0,0,0,0,2', "line 12: the numbers of votes are not integers"),
        ('fer0000099.png,"(0, 0, 48, 48)",x,0,0,0,0,0,0,0,0,2', "line 12: the numbers of votes are not integers"),
    ],
)
def test_faults_of_lines(tmp_path, line, fault):
    expected = write_tree(tmp_path)
    with open(tmp_path / "FER2013Train/label.csv", "a") as file:
        file.write(line + "\n")
    if "contradicts" in fault:
        del expected["FER2013Train/fer0000003.png"]
    check_faults(tmp_path, f"FER2013Train/label.csv, {fault}", kept=expected)


def test_image_without_votes_and_unknown_usage_are_faults(tmp_path):
    expected = write_tree(tmp_path, lists=False, table=True)
    table = tmp_path / "fer2013new.csv"
    table.write_text(table.read_text().replace("Training,fer0000002", "Other,fer0000002"))
    del expected["FER2013Train/fer0000002.png"]
    parts = ("fer2013new.csv, line 4: Usage is not", "FER2013Train/fer0000002.png is in no list of votes")
    check_faults(tmp_path, *parts, kept=expected)
