"""Neither the order in which files are created or listed nor other files make an image and a label change places."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_features import load_dataset

#: Images of distinct constant grey values, so that an image is known by one pixel.
N_IMAGES = 12
LABELS = ["happy", "sad", "fear", "angry"]


def grey(i):
    return 20 * (i + 1)


def write(path, i):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((16, 16), grey(i), np.uint8)
    image[:2] += 5  # not blank
    assert cv2.imwrite(str(path), image)


def label(i):
    return LABELS[i % 4]


def subject(i):
    return f"S{i % 3}"


def folder_name(i):
    return f"{label(i)}/{subject(i)}_{i}.png"


def kdef_name(i):
    code, view = ("HA", "SA", "AF", "AN")[i % 4], ("S", "HL", "HR")[i // 4]
    return f"A{'FM'[i % 2]}{i % 3:02d}{code}{view}.png"


def jaffe_name(i):
    return f"K{'ABC'[i % 3]}.{('HA', 'SA', 'FE', 'AN')[i % 4]}1.{i}.tiff"


NAMES = {"folders": folder_name, "kdef": kdef_name, "jaffe": jaffe_name}


def check(X):
    assert len(X) == N_IMAGES
    seen = set()
    for image, name, subject_id in zip(X["images"], X["label"], X["subject"], strict=True):
        i = int(image[0, 8, 8]) // 20 - 1
        seen.add(i)
        assert name == label(i)
        assert subject_id[-1] == (subject(i)[-1] if subject_id[0] != "K" else "ABC"[i % 3])
    assert len(seen) == N_IMAGES


@pytest.mark.parametrize("layout", NAMES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(N_IMAGES)))
def test_order_of_creation(tmp_path_factory, layout, order):
    root = tmp_path_factory.mktemp(layout)
    for i in order:
        write(root / NAMES[layout](i), i)
    options = {"subject_pattern": r"(S\d)_"} if layout == "folders" else {}
    X = load_dataset(root, cache=root.parent / f"{root.name}_cache", **options)
    assert X.info.dataset == layout
    check(X)
    again = load_dataset(root, cache=root.parent / f"{root.name}_cache", **options)
    assert again["id"].tolist() == X["id"].tolist()
    check(again)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(N_IMAGES)), lines=st.permutations(range(N_IMAGES)), faulty=st.booleans())
def test_order_of_lines(tmp_path_factory, suffix, order, lines, faulty):
    root = tmp_path_factory.mktemp("table")
    for i in order:
        write(root / f"{order[i]}x{i}.png", i)
    table = [{"file_name": f"{order[i]}x{i}.png", "label": label(i), "subject": subject(i)} for i in lines]
    if faulty:
        table.insert(lines[0], {"file_name": "absent.png", "label": "sad", "subject": "S9"})
    path = root / f"metadata{suffix}"
    if suffix == ".csv":
        path.write_text("\n".join(["file_name,label,subject", *(",".join(line.values()) for line in table)]))
    else:
        path.write_text("\n".join(map(json.dumps, table)))
    check(load_dataset(root, on_error="skip" if faulty else "stop"))
