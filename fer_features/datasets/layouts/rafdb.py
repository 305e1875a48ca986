"""RAF-DB: the Real-world Affective Faces Database, with its seven basic expressions.

15,339 colour images from the web, predefined splits of 12,271 and 3,068 images. Codes, as in its readme: 1 surprise, 2
fear, 3 disgust, 4 happiness, 5 sadness, 6 anger, 7 neutral. Subjects are unknown. Two editions are read::

    basic/EmoLabel/list_patition_label.txt          lines 'train_00001.jpg 5'; its name is spelt so
    basic/Image/aligned/train_00001_aligned.jpg     100 x 100 pixels, which are preferred to
    basic/Image/original/train_00001.jpg            the photographs, of any size

    train/1/train_00001_aligned.jpg                 folders of the codes, as distributed on Kaggle,
    train_labels.csv, test_labels.csv               'image,label', which must agree with the folders

The split is that of the folder, or otherwise the beginning of the name. The list of compound expressions has other
codes, and is not read.
"""

from __future__ import annotations

import dataclasses
import re

from ...exceptions import FerError
from ...media.file_tree import FileTree
from ...samples.splits import SPLIT_SYNONYMS
from ..file_records import FoundRecords, Record
from ..label_lists import FileIndex, ListLine, class_in, code_in, distinct_lines, read_list
from ..layout import Layout
from ..still_images import Fault, display_text

#: Codes in the lists and names of folders -> classes.
CLASSES = dict(enumerate(("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"), 1))

#: Name of the list, in lower case and also without its misspelling.
_LIST, _LIST_FOLDER = r"list_par?tition_label\.txt", "emolabel"

#: Name of a list beside the folders of the codes.
_FOLDER_LIST = r"(train|test)_labels\.csv"

#: Name of an image.
_IMAGE = r"(?P<prefix>train|test)_\d{4,5}(?P<aligned>_aligned)?\.(jpe?g|png|bmp)"

#: Folder of the subset with compound expressions.
_COMPOUND = "compound"

_FOLDERS = Layout(
    name="rafdb",
    description="the edition with folders named by codes",
    layout="train/1/train_00001_aligned.jpg",
    pattern=rf"(?:(?P<split>{'|'.join(SPLIT_SYNONYMS)})/)?(?P<label>\d)/{_IMAGE}",
    labels={str(code): name for code, name in CLASSES.items()},
    splits=SPLIT_SYNONYMS,
)


def _recognize(tree: FileTree) -> bool:
    """Whether there is a list, or folders of codes with names that are unique, unlike those of the frames of videos."""
    if next(tree.matching(rf"(?:.*/)?{_LIST}"), None):
        return True
    names = [match["name"] for match in tree.matching(rf"(?:.*/)?[1-7]/(?P<name>{_IMAGE})")]
    return len(set(names)) == len(names) and _FOLDERS.matches(tree)


def _find(tree: FileTree) -> FoundRecords:
    lists = [match[0] for match in tree.matching(rf"(?:.*/)?{_LIST}")]
    basic = [name for name in lists if _COMPOUND not in f"{tree.root.name}/{name}".lower().split("/")]
    if len(basic) > 1:
        raise FerError(f"{tree.root} has {len(basic)} lists of labels ({basic[0]}, {basic[1]}): name the folder of one")
    if lists and not basic:
        raise FerError(f"{tree.path(lists[0])} is of the compound expressions of RAF-DB: the basic ones are needed")
    return _from_list(tree, basic[0]) if basic else _from_folders(tree)


def _from_list(tree: FileTree, list_name: str) -> FoundRecords:
    lines, faults = read_list(tree, list_name, n_fields=2)
    folder = list_name.rpartition("/")[0]
    base = folder.rpartition("/")[0] if folder.lower().endswith(_LIST_FOLDER) else folder
    images = list(tree.matching(rf"{re.escape(base + '/') if base else ''}(?:.*/)?{_IMAGE}"))
    aligned = [match[0] for match in images if match["aligned"]]
    original = [match[0] for match in images if not match["aligned"]]

    def image_of(line: ListLine) -> str:
        stem, dot, suffix = line.fields[0].rpartition(".")
        return f"{stem}_aligned{dot}{suffix}" if aligned else line.fields[0]

    index = FileIndex(aligned or original)
    named = {image_of(line) for line in lines}
    unnamed = [name for name in aligned or original if name.rsplit("/", 1)[-1] not in named]
    faults += [Fault("image without label", f"{display_text(name)} is not in {list_name}") for name in unnamed]
    lines, repeated = distinct_lines(lines, image_of)
    records = []
    for line in lines:
        name, label = index.find(line, image_of(line)), class_in(line, line.fields[1], CLASSES)
        if isinstance(name, Fault) or isinstance(label, Fault):
            faults += [fault for fault in (name, label) if isinstance(fault, Fault)]
        else:
            split = name.rsplit("/", 1)[-1].partition("_")[0].lower()
            records.append(Record(display_text(name), (tree.path(name),), label=label, split=split))
    notes = [f"the {len(aligned)} aligned images are read, not the original ones"] if aligned and original else []
    return FoundRecords(records, faults + repeated, [tree.path(list_name)], notes)


def _from_folders(tree: FileTree) -> FoundRecords:
    found = _FOLDERS.find_records(tree)
    records = {
        str(record.files[0].relative_to(tree.root).as_posix()): dataclasses.replace(
            record, split=record.split or record.extra["prefix"].lower(), extra={}
        )
        for record in found.records
    }
    faults, index = list(found.faults), FileIndex(records)
    lists = [match[0] for match in tree.matching(rf"(?:.*/)?{_FOLDER_LIST}")]
    for list_name in lists:
        lines, faults_of_list = read_list(tree, list_name, separator=",", n_fields=2)
        lines, repeated = distinct_lines(
            lines[1:] if lines and code_in(lines[0].fields[1]) is None else lines, lambda line: line.fields[0]
        )
        faults += faults_of_list + repeated
        for line in lines:
            name, label = index.find(line, line.fields[0]), class_in(line, line.fields[1], CLASSES)
            if isinstance(name, Fault) or isinstance(label, Fault):
                faults += [fault for fault in (name, label) if isinstance(fault, Fault)]
            elif name in records and records[name].label != label:
                faults.append(
                    line.fault("contradicting label", f"the label is '{label}', but the image is {display_text(name)}")
                )
                del records[name]
    return FoundRecords(list(records.values()), faults, [tree.path(name) for name in lists])


RAFDB = Layout(
    name="rafdb",
    description="RAF-DB: 15,339 images from the web, seven basic expressions, training and test split",
    layout="EmoLabel/list_patition_label.txt with Image/aligned/train_00001_aligned.jpg, or "
    "train/1/train_00001_aligned.jpg",
    find=_find,
    recognize=_recognize,
    reference="Li, Deng, Du, Reliable crowdsourcing and deep locality-preserving learning for expression recognition "
    "in the wild, CVPR 2017, doi:10.1109/CVPR.2017.277",
    licence="non-commercial research by request; redistribution is not permitted",
    homepage="http://www.whdeng.cn/raf/model1.html",
)
