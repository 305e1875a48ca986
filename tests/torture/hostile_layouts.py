"""Hostile tables of files, trees of folders, packed files and landmark files."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np

from .contract import Case
from .hostile_images import NAMES
from .hostile_tables import CELLS, damaged_bytes
from .templates import QUICK, copy_template

#: Columns of a table of files, some of them misspelt or not known.
COLUMNS = (
    *("label", "subject", "split", "session", "neutral", "onset", "apex", "start", "end", "landmarks", "id"),
    *("Label", "subjects", "images", "frame_numbers", "source_region", "a/b", ".", " ", "remark"),
)
#: Cells that have a meaning in some column.
VALUES = (
    *(
        "happy",
        "Pain",
        "3",
        "-1",
        "S1",
        "train",
        "VAL",
        "0:01.5",
        "1e9",
        "happy/S0_0.png",
        "..",
        ".",
        "/",
        "*",
        "**/*.png",
    ),
    *("[", "a" * 300, "/dev/zero", "metadata.csv", "\ud800", "null", "1" * 5000, "²"),
)
#: Folders that are not classes, or of other data sets.
FOLDERS = (
    *(
        "train",
        "Test",
        "0",
        "7",
        "Freude",
        "images",
        "S005/001",
        "cohn-kanade-images/S005/001",
        "happy",
        "Happy",
        "sad/",
    ),
    *("annotations", "Manually_Annotated_Images/1", "EmoLabel", "VL_Acropped/Strong/P001/Anger", "a" * 200, "__MACOSX"),
)
#: Names of files of other data sets, some of which they read.
FILES = (
    *(
        "KA.AN1.39.tiff",
        "AF01ANS.JPG",
        "S005_001_00000011.png",
        "train_00001_aligned.jpg",
        "image0000006.jpg",
        "1_exp.npy",
    ),
    *("01-01-03-01-01-01-01.mp4", "1001_DFA_ANG_XX.flv", "metadata.csv", "metadata.jsonl", "training.csv", "label.lst"),
    *("list_patition_label.txt", "S005_001_00000011_emotion.txt", "fer2013new.csv", "a.pts", "session.xml", "x.h5"),
)


def file_tables(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on a table of files with odd cells, columns or bytes."""
    faces = copy_template(templates, "faces", folder)
    names = sorted(path.relative_to(faces).as_posix() for path in faces.rglob("*.png"))
    columns = ["label", "subject", *rng.choice(COLUMNS, int(rng.integers(0, 4)), replace=False).tolist()]
    rows = [{"file_name": name, "label": name.split("/")[0], "subject": name.split("/")[1][:2]} for name in names]
    for row in rows:
        row |= {column: "" for column in columns if column not in row}
    must_fail = False
    for _ in range(int(rng.integers(0, 4))):
        cells = (*VALUES, *CELLS)
        column, cell = str(rng.choice(["file_name", *columns])), cells[rng.integers(len(cells))]
        rows[rng.integers(len(rows))][column] = cell
        must_fail |= column == "file_name" and cell in ("", "abc", "[", "a" * 300, "9" * 400)
    suffix = (".csv", ".tsv", ".jsonl")[rng.integers(3)]
    content = bytearray(_table_text(rows, suffix).encode("utf-8", "surrogatepass"))
    kind = rng.integers(6)
    if kind == 0:
        content, must_fail = damaged_bytes(content, rng), False
    elif kind == 1 and suffix == ".jsonl":
        content, must_fail = content + b"\n" + b"[" * 100_000, True
    (faces / f"metadata{suffix}").write_bytes(content)
    return _read(rng, "faces", must_fail)


def _table_text(rows: list[dict[str, str]], suffix: str) -> str:
    if suffix == ".jsonl":
        return "\n".join(json.dumps(row) for row in rows)

    class Lines(list[str]):
        write = list.append

    lines = Lines()
    writer = csv.DictWriter(lines, list(rows[0]), delimiter="\t" if suffix == ".tsv" else ",")
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines)


def foreign_trees(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on a folder with names of several data sets, odd names, links and files that are not regular."""
    images = sorted((templates / "faces").rglob("*.png"))
    root = folder / "faces"
    root.mkdir()
    for _ in range(int(rng.integers(1, 12))):
        parent = root / str(rng.choice(FOLDERS)) / str(rng.choice(["", "x", *FOLDERS]))
        parent.mkdir(parents=True, exist_ok=True)
        names = (*FILES, *(f"{name}.png" for name in NAMES if len(name) < 200))
        target = parent / names[rng.integers(len(names))]
        if target.exists() or target.is_symlink():
            continue
        kind = rng.integers(8)
        if kind == 0:
            target.symlink_to(str(rng.choice(["..", ".", "nowhere", target.name, "/dev/zero"])))
        elif kind == 1:
            target.mkdir()
        elif kind == 2:
            os.mkfifo(target)
        elif kind == 3:
            target.write_bytes(rng.bytes(int(rng.integers(0, 300))))
        else:
            target.write_bytes(images[rng.integers(len(images))].read_bytes())
    return _read(rng, "faces", must_fail=False)


def packed_files(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on a packed file with damaged bytes or metadata."""
    path = copy_template(templates, "faces.h5", folder)
    kind = rng.integers(3)
    content = bytearray(path.read_bytes())
    if kind == 0:
        del content[int(rng.integers(0, len(content))) :]
    elif kind == 1:
        for at in rng.integers(0, len(content), int(rng.integers(1, 30))):
            content[at] ^= 1 << int(rng.integers(8))
    else:
        at = content.index(b'{"format"')
        for _ in range(int(rng.integers(1, 4))):
            content[at + int(rng.integers(0, 400))] = rng.integers(32, 127)
    path.write_bytes(content)
    return _read(rng, path.name, must_fail=bool(kind == 0))


def landmark_files(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on class folders with hostile files of landmarks."""
    faces = copy_template(templates, "faces", folder)
    suffixes = (".pts", ".xml", ".ljson", ".json", ".npy", ".npz", ".csv", "_landmarks.txt")
    suffix = suffixes[rng.integers(len(suffixes))]
    points = "\n".join(f"{x:.2f} {y:.2f}" for x, y in rng.uniform(0, 25, (68, 2)))
    texts = (
        *("", "[" * 100_000, "{}", "[[1, 2]]", '{"version": 2, "landmarks": {"points": [[1, null]]}}', "<a>" * 1000),
        *(
            '<!DOCTYPE a [<!ENTITY b "c">]><dataset>&b;</dataset>',
            "\x93NUMPY\x01\x00",
            "PK\x03\x04",
            "frame,x_0,y_0\n1,2,3",
        ),
        *(f"version: 1\nn_points: {n}\n{{\n{points}\n}}" for n in ("68", "-1", "9" * 5000)),
        *(points, points.replace(".", "e300 ", 1), points.replace(".", "nan", 1)),
    )
    for image in faces.rglob("*.png"):
        text = texts[rng.integers(len(texts)) if rng.random() < 0.1 else -3]
        image.with_name(f"{image.stem}{suffix}").write_text(text)
    case = _read(rng, "faces", must_fail=False)
    return Case([*case.arguments, "--landmarks", "faces"], outputs=case.outputs)


def _read(rng: np.random.Generator, data: str, must_fail: bool) -> Case:
    """A command that reads data."""
    commands = [
        ["pack", data, "out.h5", "--quiet"],
        ["pack", data, "out.h5", "--frames", "2"],
        ["inspect", data, "--quiet", "--out", "out.html"],
        ["run", "--pipeline", "hog_lda", "--data", data, *QUICK, "--out", "out"],
    ]
    command = commands[rng.choice(4, p=[0.5, 0.2, 0.2, 0.1])]
    if rng.random() < 0.2:
        command, must_fail = [*command, "--on-error", "skip"], False
    if rng.random() < 0.2 and data == "faces":
        options = [
            ("--where", "label=happy"),
            ("--classes", "happy=a,sad="),
            ("--subject-pattern", r"(S\d)"),
            ("--apex", "found"),
        ]
        command += options[rng.integers(4)]
    return Case(command, must_fail=must_fail, outputs=("out", "out.h5", "out.html"))
