"""ExpW: the Expression in-the-Wild database.

91,793 faces in photographs from the web. As the readme of the distribution says, each line of ``label.lst`` is a face::

    label/label.lst             angry_actor_104.jpg 0 28 113 226 141 22.9362 0
    image/origin/angry_actor_104.jpg

The fields are: name of the image, number of the face in the image, top, left, right and bottom of its box in pixels,
confidence of the detector, and expression: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral. There are
images with several faces, and images that no line names. The images are cropped to the boxes. Subjects are unknown, and
there is no predefined split.
"""

from __future__ import annotations

from ...exceptions import FerError
from ...expressions import FER2013_CLASSES
from ...media.file_tree import FileTree
from ..file_records import FoundRecords, Record
from ..label_lists import FileIndex, ListLine, class_in, code_in, distinct_lines, read_list
from ..layout import Layout
from ..still_images import Fault, display_text

#: Codes in the list -> classes.
CLASSES = dict(enumerate(FER2013_CLASSES))

#: Name of the list, and number of the fields of a line.
_LIST, _N_FIELDS = r"label\.lst", 8


def _lists(tree: FileTree) -> list[str]:
    return [match[0] for match in tree.matching(rf"(?:.*/)?{_LIST}")]


def _has_boxes(tree: FileTree) -> bool:
    """Whether the first line of a list is that of a face."""
    for name in _lists(tree):
        try:
            lines, _ = read_list(tree, name, n_fields=_N_FIELDS)
        except FerError:
            continue
        if any(_box(line) is not None for line in lines[:1]):
            return True
    return False


def _find(tree: FileTree) -> FoundRecords:
    lists = _lists(tree)
    if len(lists) > 1:
        raise FerError(f"{tree.root} has {len(lists)} lists of labels ({lists[0]}, {lists[1]}): name the folder of one")
    lines, faults = read_list(tree, lists[0], n_fields=_N_FIELDS)
    index, named = FileIndex(tree.media), FileIndex(line.fields[0] for line in lines)
    lines, repeated = distinct_lines(lines, lambda line: line.fields[:2])
    records = []
    for line in lines:
        name, label, box = index.find(line, line.fields[0]), class_in(line, line.fields[-1], CLASSES), _box(line)
        if isinstance(name, Fault) or isinstance(label, Fault) or box is None:
            faults += [fault for fault in (name, label) if isinstance(fault, Fault)]
            if box is None:
                faults.append(line.fault("invalid box", "top, left, right and bottom are not those of a box"))
        else:
            face = f"{display_text(name)}#{line.fields[1]}"
            extra = {"face": line.fields[1], "confidence": line.fields[6]}
            records.append(Record(face, (tree.path(name),), label=label, box=box, extra=extra))
    n_unnamed = sum(name not in named for name in tree.media)
    notes = [f"{n_unnamed} image(s) are not in {lists[0]} and have no label"] if n_unnamed else []
    return FoundRecords(records, faults + repeated, [tree.path(lists[0])], notes)


def _box(line: ListLine) -> tuple[float, float, float, float] | None:
    """x, y, width and height of the face; None for fields that are not a box."""
    top, left, right, bottom = (code_in(field) for field in line.fields[2:6])
    if top is None or left is None or right is None or bottom is None or right <= left or bottom <= top:
        return None
    return float(left), float(top), float(right - left), float(bottom - top)


EXPW = Layout(
    name="expw",
    description="ExpW: 91,793 faces in photographs from the web, seven expressions, boxes of the faces",
    layout="label/label.lst with lines 'image face top left right bottom confidence label', and image/origin/*.jpg",
    find=_find,
    marks=(_LIST,),
    recognize=_has_boxes,
    reference="Zhang et al., From facial expression recognition to interpersonal relation prediction, International "
    "Journal of Computer Vision 2018, doi:10.1007/s11263-017-1055-1",
    licence="non-commercial research; redistribution is not permitted",
    homepage="http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html",
)
