"""FER+ as images: FER2013 written as files, with the votes of ten annotators for each image.

The script ``generate_training_data.py`` of FER+ writes the images, and its repository has the votes beside them::

    FER2013Train/fer0000000.png         also FER2013Valid and FER2013Test: Training, PublicTest and PrivateTest
    FER2013Train/label.csv              fer0000000.png,"(0, 0, 48, 48)",4,0,0,1,3,2,0,0,0,0
    fer2013new.csv                      Usage,Image name,neutral,... for all images, where a folder has no label.csv

The fields of ``label.csv``, which has no header, are the name of the image, the box of the face (left, top, right,
bottom) and the numbers of votes in the order of `VOTE_COLUMNS`. The label is that of the majority as in
`majority_label`; images without a majority have no label.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...expressions import FERPLUS_CLASSES
from ...media.file_tree import FileTree
from ..class_names import class_of
from ..ferplus import FERPLUS_FILE, MAX_VOTES, VOTE_COLUMNS, majority_label
from ..file_records import FoundRecords, Record
from ..label_lists import FileIndex, ListLine, code_in, distinct_lines, read_list
from ..layout import Layout
from ..still_images import Fault, display_text

#: 'Usage' in lower case -> folder of the images; folder in lower case -> predefined split.
FOLDERS = {"training": "FER2013Train", "publictest": "FER2013Valid", "privatetest": "FER2013Test"}
SPLITS = dict(zip(map(str.lower, FOLDERS.values()), ("train", "validation", "test"), strict=True))

_FOLDER = f"(?P<folder>{'|'.join(SPLITS)})"
_IMAGE, _LIST, _LIST_OF_ALL = r"fer\d+\.(png|jpe?g|bmp)", r"label\.csv", FERPLUS_FILE.replace(".", r"\.")


def _find(tree: FileTree) -> FoundRecords:
    folders = {match[0]: match["folder"].lower() for match in tree.matching(rf"(?:.*/)?{_FOLDER}/{_IMAGE}")}
    lists = [match[0] for match in tree.matching(rf"(?:.*/)?{_FOLDER}/{_LIST}")]
    lists = lists or [match[0] for match in tree.matching(rf"(?:.*/)?{_LIST_OF_ALL}")]
    lines, faults = _lines(tree, lists)
    named = FileIndex((line.fields[0] for line in lines), n_parts=2)
    lines, repeated = distinct_lines(lines, lambda line: line.fields[0])
    faults += repeated
    index = FileIndex(folders, n_parts=2)
    records, votes = [], []
    for line in lines:
        name, counts = index.find(line, line.fields[0]), _votes(line)
        if isinstance(name, Fault) or isinstance(counts, Fault):
            faults += [fault for fault in (name, counts) if isinstance(fault, Fault)]
        else:
            records.append(Record(display_text(name), (tree.path(name),), split=SPLITS[folders[name]]))
            votes.append(counts)
    faults += [
        Fault("image without votes", f"{display_text(name)} is in no list of votes")
        for name in folders
        if name not in named
    ]
    codes = majority_label(np.array(votes, np.int64).reshape(-1, len(VOTE_COLUMNS)))
    records = [
        dataclasses.replace(record, label="" if code < 0 else class_of(FERPLUS_CLASSES[code]))
        for record, code in zip(records, codes, strict=True)
    ]
    notes = [f"majority labels of FER+: {(codes < 0).sum()} sample(s) have no majority and no label"]
    return FoundRecords(records, faults, [tree.path(name) for name in lists], notes)


def _lines(tree: FileTree, lists: list[str]) -> tuple[list[ListLine], list[Fault]]:
    """Lines of lists: the folder and name of an image, then the numbers of votes."""
    lines: list[ListLine] = []
    faults: list[Fault] = []
    for list_name in lists:
        lines_of_list, faults_of_list = read_list(tree, list_name, separator=",", n_fields=2 + len(VOTE_COLUMNS))
        faults += faults_of_list
        is_of_all = list_name.lower().endswith(FERPLUS_FILE)
        for line in lines_of_list:
            if is_of_all:
                usage, image = line.fields[0].lower(), line.fields[1]
                if line.number == 1 or not image:  # the header, and images that FER+ removed
                    continue
                if usage not in FOLDERS:
                    faults.append(line.fault("unknown Usage", "Usage is not Training, PublicTest or PrivateTest"))
                    continue
                folder = FOLDERS[usage]
            else:
                folder, image = list_name.split("/")[-2], line.fields[0]
            lines.append(dataclasses.replace(line, fields=(f"{folder}/{image}", *line.fields[2:])))
    return lines, faults


def _votes(line: ListLine) -> list[int] | Fault:
    counts = [code_in(field) for field in line.fields[1:]]
    votes = [count for count in counts if count is not None and 0 <= count <= MAX_VOTES]
    if len(votes) < len(counts):
        return line.fault("invalid votes", f"the numbers of votes are not integers from 0 to {MAX_VOTES}")
    return votes


FERPLUS_IMAGES = Layout(
    name="ferplus",
    description="FER+ as images: FER2013 with the majority label of ten annotators, eight expressions",
    layout="FER2013Train|FER2013Valid|FER2013Test/fer0000000.png with label.csv in each, or with fer2013new.csv",
    find=_find,
    marks=(rf"{_FOLDER}/{_IMAGE}", rf"{_FOLDER}/{_LIST}|{_LIST_OF_ALL}"),
    reference="Barsoum et al., ICMI 2016, doi:10.1145/2993148.2993165; "
    "Goodfellow et al., ICONIP 2013, doi:10.1007/978-3-642-42051-1_16 (FER2013)",
    licence="votes: MIT; the images were collected from the web, and rights in them are their owners'",
    homepage="https://github.com/microsoft/FERPlus",
)
