"""Each tree is recognized as its own data set only, and the order of files and lines changes nothing that is read."""

import dataclasses

import numpy as np
import pytest

from fer_features import FerError, load_dataset
from fer_features.datasets import DATASETS
from fer_features.datasets.layouts import LAYOUTS
from fer_features.media.file_tree import file_tree, shared_file_trees

from . import (
    test_adfes,
    test_afew,
    test_affectnet,
    test_bu3dfe,
    test_ckplus,
    test_ckplus48,
    test_cremad,
    test_enterface05,
    test_expw,
    test_ferplus_images,
    test_jaffe,
    test_kdef,
    test_mmi,
    test_mug,
    test_oulucasia,
    test_rafd,
    test_rafdb,
    test_ravdess,
    test_sfew,
)
from .trees import copy_shuffled, write_images

#: Data set, or data set and edition -> function that writes a tree.
TREES = {
    "adfes": test_adfes.write_tree,
    "afew": test_afew.write_tree,
    "affectnet": test_affectnet.write_tree,
    "affectnet arrays": test_affectnet.write_arrays,
    "affectnet folders": test_affectnet.write_folders,
    "bu3dfe": test_bu3dfe.write_tree,
    "ckplus": test_ckplus.write_tree,
    "ckplus48": test_ckplus48.write_tree,
    "cremad": test_cremad.write_tree,
    "enterface05": test_enterface05.write_tree,
    "expw": test_expw.write_tree,
    "ferplus": test_ferplus_images.write_tree,
    "ferplus table": lambda root: test_ferplus_images.write_tree(root, lists=False, table=True),
    "jaffe": lambda root: write_images(root, test_jaffe.NAMES, (16, 16)),
    "kdef": lambda root: write_images(root, test_kdef.NAMES, (16, 16)),
    "mmi": test_mmi.write_tree,
    "mug": test_mug.write_tree,
    "oulucasia": test_oulucasia.write_tree,
    "rafd": test_rafd.write_tree,
    "rafdb": test_rafdb.write_tree,
    "rafdb folders": test_rafdb.write_folders,
    "ravdess": test_ravdess.write_tree,
    "sfew": test_sfew.write_tree,
}

#: Name of a list of labels -> whether it has a header.
LISTS = {
    **{"training.csv": True, "validation.csv": True, "train_labels.csv": True, "test_labels.csv": True},
    **{"fer2013new.csv": True, "label.csv": False, "label.lst": False, "list_patition_label.txt": False},
}


@pytest.fixture(scope="module", params=TREES)
def tree(request, tmp_path_factory):
    """Layout and folder of a tree."""
    name = request.param.split()[0]
    root = tmp_path_factory.mktemp(name)
    TREES[request.param](root)
    return next(layout for layout in LAYOUTS if layout.name == name), root


def contents(layout, root):
    """What a layout finds, with the contents of the files instead of their names."""
    found = layout.find_records(file_tree(root))
    assert found.faults == []
    records = {
        record.id: {
            **dataclasses.asdict(record),
            "files": [file.read_bytes() for file in record.files],
            "landmarks": [file.read_bytes() for file in record.landmarks],
        }
        for record in found.records
    }
    return records, found.notes


def test_every_layout_has_a_tree():
    assert {name.split()[0] for name in TREES} == {layout.name for layout in LAYOUTS}


@pytest.mark.parametrize("below", ["", "downloads/data 1/"])
def test_a_tree_is_recognized_as_its_own_data_set_only(tree, below, tmp_path):
    layout, root = tree
    if below:
        (tmp_path / below).parent.mkdir()
        (tmp_path / below).symlink_to(root)
        root = tmp_path
    with shared_file_trees():
        names = [name for name, dataset in DATASETS.items() if dataset.can_load(root)]
    assert names[0] == layout.name
    assert set(names) <= {layout.name, "folders"}  # class folders are the most general layout, and the last one


def test_order_of_creation_and_of_lines_changes_nothing(tree, tmp_path):
    layout, root = tree
    expected, notes = contents(layout, root)
    assert expected
    for seed in range(2):
        copy_shuffled(root, tmp_path / f"{seed}", LISTS, np.random.default_rng(seed))
        shuffled, shuffled_notes = contents(layout, tmp_path / f"{seed}")
        assert shuffled == expected
        assert list(shuffled) == list(expected)
        assert shuffled_notes == notes


def test_lists_without_their_images_are_refused(tmp_path):
    for name, write in (("rafdb", test_rafdb.write_tree), ("expw", test_expw.write_tree)):
        for file in write(tmp_path / name):
            (tmp_path / name / file.split("#")[0]).unlink(missing_ok=True)
        with pytest.raises(FerError, match="absent image"):
            load_dataset(tmp_path / name)
