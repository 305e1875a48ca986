"""Hostile FER2013 tables and files of subjects."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import h5py
import numpy as np

from .contract import Case
from .templates import QUICK, copy_template

#: Odd cells of any table.
CELLS = (
    "",
    " ",
    "abc",
    "-1",
    "1e30",
    "inf",
    "nan",
    "²",
    "0x10",
    "1,2",
    '"',
    "=1+1",
    "\0",
    "é",
    "9" * 400,
    "--1",
    "1_0",
)


def damaged_fer2013(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on a FER2013 table with odd cells, or damaged bytes."""
    path = folder / "fer2013.csv"
    with open(templates / path.name, newline="") as file:
        rows = list(csv.reader(file))
    must_fail = False
    kind = rng.integers(9)
    row = int(rng.integers(1, len(rows)))
    if kind == 0:  # an odd cell, of the header too
        row = int(rng.integers(0, len(rows)))
        rows[row][int(rng.integers(3))] = str(rng.choice(CELLS))
    elif kind == 1:  # odd pixels
        pixels = rows[row][1].split()
        pixels[int(rng.integers(len(pixels)))] = str(rng.choice(["256", "-1", "abc", "1e3", "nan", "3.5", ""]))
        rows[row][1] = " ".join(pixels)
        must_fail = True
    elif kind == 2:
        rows[row][1] = " ".join(rows[row][1].split()[: int(rng.integers(0, 2304))])
        must_fail = True
    elif kind == 3:
        rows = rows[: int(rng.integers(0, 3))]
    elif kind == 4:
        column = int(rng.integers(3))
        for one in rows:
            one.append(one[column])
        rows[row][3] = str(rng.integers(7))  # two columns of one name, with different values
        must_fail = column < 2
    elif kind == 5:
        column = int(rng.integers(3))
        rows = [[cell for i, cell in enumerate(one) if i != column] for one in rows]
        must_fail = column == 1
    elif kind == 6:
        rows[row] = rows[row][: int(rng.integers(0, 3))]
    elif kind == 7:
        rows = [rows[0], *([0, one[1], one[2]] for one in rows[1:])]  # one class
        must_fail = True
    text = io.StringIO()
    csv.writer(text, delimiter=",;\t"[int(rng.integers(3))] if kind == 8 else ",").writerows(rows)
    content = bytearray(text.getvalue().encode())
    if rng.random() < 0.25 and content:
        content = damaged_bytes(content, rng)
        must_fail = False
    path.write_bytes(content)
    commands = [
        ["inspect", "fer2013.csv", "--quiet", "--out", "out"],
        ["run", "--data", "fer2013.csv", "--pipeline", "hog_linear", *QUICK[:1], *QUICK[3:], "--out", "out"],
    ]
    command = commands[int(rng.integers(2))]
    if rng.random() < 0.3:
        return Case([*command, "--on-error", "skip"])
    return Case(command, must_fail=must_fail and command[0] == "run")


def damaged_bytes(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Text with odd bytes, or without its end."""
    kind = rng.integers(4)
    at = int(rng.integers(len(content)))
    if kind == 0:
        content[at:at] = b"\xff\xfe\x80"  # not UTF-8
    elif kind == 1:
        content[at:at] = b"\0" * 20
    elif kind == 2:
        content[at:at] = b'"'  # a quotation that does not end
    else:
        del content[at:]
    return content


def subject_files(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A run with a hostile file of subjects."""
    copy_template(templates, "fer22", folder)
    copy_template(templates, "subjects.csv", folder)
    ids = (folder / "subjects.csv").read_text().split()[1:]
    (folder / "subjects.csv").unlink()
    maker = (_subjects_csv, _subjects_npy, _subjects_h5, _subjects_special)[rng.integers(4)]
    name, must_fail = maker(rng, folder, ids)
    arguments = ["run", "--pipeline", "landmarks_lda", "--data", "fer22", "--subjects", name, *QUICK, "--out", "out"]
    if rng.random() < 0.3:
        arguments = ["inspect", "fer22", "--subjects", name, "--quiet", "--out", "out"]
        must_fail &= name != "s.csv"  # it reports on the subjects, also on a single one
    return Case(arguments, must_fail=must_fail)


def _subjects_csv(rng: np.random.Generator, folder: Path, ids: list[str]) -> tuple[str, bool]:
    kind = rng.integers(8)
    rows: list[list[str]] = [["subject"], *([one] for one in ids)]
    must_fail = True
    if kind == 0:
        rows[int(rng.integers(1, len(rows)))] = [str(rng.choice(CELLS))]
        must_fail = False
    elif kind == 1:
        del rows[int(rng.integers(1, len(rows)))]
    elif kind == 2:
        rows = [["sample", "subject"], *([one, str(i)] for i, one in enumerate(ids))]
        must_fail = False
    elif kind == 3:
        rows = [["subject"]]
    elif kind == 4:
        rows = []
    elif kind == 5:
        rows = [["subject"], *([ids[0]] for _ in ids)]
    elif kind == 6:
        rows = [["subject"], *([f"S{i}"] for i in range(len(ids)))]
        must_fail = False  # each sample is of another subject: leave-one-out over samples is possible
    else:
        rows = [["subject", "subject"], *([one, one] for one in ids)]
        must_fail = False
    with open(folder / "s.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    if kind == 0 and rng.random() < 0.5:
        (folder / "s.csv").write_bytes(damaged_bytes(bytearray((folder / "s.csv").read_bytes()), rng))
    return "s.csv", must_fail


def _subjects_npy(rng: np.random.Generator, folder: Path, ids: list[str]) -> tuple[str, bool]:
    path = folder / "s.npy"
    n = len(ids)
    kinds = [
        (np.array([{"a": 1}] * n, object), True),
        (np.array(ids)[:, None].repeat(2, 1), True),
        (np.arange(n) + 0.5, True),
        (np.full(n, np.nan), False),
        (np.full(n, np.inf), True),
        (np.full(n, -1), False),
        (np.array(ids, "S"), False),
        (np.arange(n) % 2 == 0, False),
        (np.zeros(n, [("a", "i4")]), True),
        (np.array(3), True),
        (np.zeros(n, "datetime64[s]"), False),
        (np.zeros(n, complex), True),
        (np.arange(n, dtype=np.uint64) + np.uint64(2**63), False),
    ]
    array, must_fail = kinds[rng.integers(len(kinds))]
    np.save(path, array, allow_pickle=True)
    content = path.read_bytes()
    if rng.random() < 0.3:
        content = content[: int(rng.integers(0, len(content)))]
        must_fail = True
    elif rng.random() < 0.2:
        content = content.replace(b"(24", b"(99999999999999", 1)
        must_fail = False
    path.write_bytes(content)
    return path.name, must_fail


def _subjects_h5(rng: np.random.Generator, folder: Path, ids: list[str]) -> tuple[str, bool]:
    with h5py.File(folder / "s.h5", "w") as file:
        kind = rng.integers(5)
        if kind == 0:
            file["a"] = file["b"] = np.arange(len(ids))
        elif kind == 1:
            file["a"] = h5py.Empty("i4")
        elif kind == 2:
            file.create_group("a")
        elif kind == 3:
            file["a"] = h5py.SoftLink("/b")
        else:
            file["a"] = ids
    return "s.h5", kind != 4


def _subjects_special(rng: np.random.Generator, folder: Path, ids: list[str]) -> tuple[str, bool]:
    suffix = str(rng.choice([".csv", ".npy", ".h5", ".txt", ""]))
    path = folder / f"s{suffix}"
    kind = rng.integers(5)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to(path.name)
    elif kind == 3:
        path.write_bytes(rng.bytes(int(rng.integers(0, 300))))
    return path.name, kind != 3
