"""fer22 folders with one hostile file: damaged HDF5, links, external storage, other types and shapes, odd values."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from .contract import Case
from .templates import QUICK, copy_template

#: Files of the folder that every command reads.
FILES = ("data_train_images", "data_train_landmarks", "data_train_labels")
Change = Callable[[Path, np.random.Generator], bool]


def damaged_sequences(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on a folder of which one file was changed."""
    data = copy_template(templates, "fer22", folder)
    copy_template(templates, "subjects.csv", folder)
    name = str(rng.choice(FILES))
    change = CHANGES[rng.integers(len(CHANGES))]
    must_fail = change(data / f"{name}.h5", rng)
    pipeline = "landmarks_lda" if rng.random() < 0.5 else "hog_lda"
    commands = [
        ["inspect", "fer22", "--subjects", "subjects.csv", "--quiet", "--out", "out"],
        ["run", "--pipeline", pipeline, "--data", "fer22", "--subjects", "subjects.csv", *QUICK, "--out", "out"],
        ["plot", str(rng.choice(["hog", "lbp", "flow", "landmarks"])), "fer22", "--quiet", "--out", "out"],
    ]
    arguments = commands[rng.integers(len(commands))]
    # A pipeline of landmarks reads no images, and a plot no labels.
    reads = {"inspect": FILES, "run": FILES if pipeline == "hog_lda" else FILES[1:], "plot": FILES[:2]}[arguments[0]]
    return Case(arguments, must_fail=must_fail and name in reads)


def _random_bytes(path: Path, rng: np.random.Generator) -> bool:
    path.write_bytes(rng.bytes(int(rng.integers(0, 3000))))
    return True


def _flipped_bytes(path: Path, rng: np.random.Generator) -> bool:
    content = bytearray(path.read_bytes())
    end = len(content) if rng.random() < 0.3 else min(len(content), 2048)  # mostly metadata
    for at in rng.integers(0, end, int(rng.integers(1, 20))):
        content[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    return False  # the change may be in unused space, or of a value


def _truncated(path: Path, rng: np.random.Generator) -> bool:
    os.truncate(path, int(rng.integers(0, path.stat().st_size - 8)))
    return True


def _no_regular_file(path: Path, rng: np.random.Generator) -> bool:
    path.unlink()
    kind = rng.integers(5)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        os.mkfifo(path)
    elif kind == 2:
        path.symlink_to(path.name)
    elif kind == 3:
        path.symlink_to("absent")
    else:
        path.symlink_to("/dev/zero")
    return "images" not in path.name  # images are optional


def _link(path: Path, rng: np.random.Generator) -> bool:
    other = path.with_name("other.h5")
    path.rename(other)
    targets = [
        h5py.SoftLink(f"/{path.stem}"),
        h5py.SoftLink("/absent"),
        h5py.ExternalLink(str(other), path.stem),
        h5py.ExternalLink("/absent.h5", "x"),
    ]
    with h5py.File(path, "w") as file:
        file[path.stem] = targets[rng.integers(len(targets))]
    other.rename(path.parent.parent / "outside.h5")
    return True


def _external_storage(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path) as file:
        shape, dtype = file[path.stem].shape, file[path.stem].dtype
    secret = path.parent.parent / "secret.txt"
    secret.write_text("secret " * int(rng.integers(1, 2000)))
    with h5py.File(path, "w") as file:
        size = int(np.prod(shape)) * dtype.itemsize
        file.create_dataset(path.stem, shape, dtype, external=[(str(secret), 0, size)])
    return True


def _virtual_dataset(path: Path, rng: np.random.Generator) -> bool:
    source = path.parent.parent / "outside.h5"
    path.rename(source)
    with h5py.File(source) as file:
        shape, dtype = file[path.stem].shape, file[path.stem].dtype
    name = str(source) if rng.random() < 0.5 else "absent.h5"
    layout = h5py.VirtualLayout(shape, dtype)
    layout[...] = h5py.VirtualSource(name, path.stem, shape, dtype)
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset(path.stem, layout)
    return True


def _other_object(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path, "w") as file:
        kind = rng.integers(5)
        if kind == 0:
            file.create_group(path.stem).create_dataset("x", data=[1])
        elif kind == 1:
            file[path.stem] = h5py.Empty("u1")
        elif kind == 2:
            file[path.stem] = 3
        elif kind == 3:
            file[path.stem] = np.dtype("u1")
        else:
            file["other"] = file["another"] = [1]
    return True


def _other_type(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path) as file:
        data = file[path.stem][()]
    kinds = {
        "text": np.full(data.shape, b"a"),
        "complex": data.astype(complex) * 1j,
        "compound": np.zeros(data.shape, [("a", "u1"), ("b", "f4")]),
        "negative": -data.astype(float) - 1,
        "large": data * 1e30,
        "infinite": np.full(data.shape, np.inf),
        "no number": np.full(data.shape, np.nan),
        "half": data / 2 + 0.25,
    }
    kind = str(rng.choice(list(kinds)))
    with h5py.File(path, "w") as file:
        file[path.stem] = kinds[kind]
    return kind in ("text", "complex", "compound", "infinite", "large")


def _other_shape(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path) as file:
        data = file[path.stem][()]
    axis = int(rng.integers(data.ndim))
    kinds = [
        data[(*([slice(None)] * axis), slice(0))],  # an empty axis
        np.moveaxis(data, axis, int(rng.integers(data.ndim))),
        data[..., None],
        np.repeat(data[None], 2, 0),
        data[: len(data) - int(rng.integers(1, 20))],
        np.concatenate([data, data[:1]]),
        data[0] if data.ndim > 1 else data.reshape(2, -1),
    ]
    with h5py.File(path, "w") as file:
        file[path.stem] = kinds[rng.integers(len(kinds))]
    return False  # moving an axis onto itself changes nothing


def _huge_declared_size(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path) as file:
        shape, dtype = list(file[path.stem].shape), file[path.stem].dtype
    shape[int(rng.integers(len(shape)))] = 10 ** int(rng.integers(7, 12))
    with h5py.File(path, "w") as file:
        file.create_dataset(path.stem, tuple(shape), dtype, chunks=tuple(min(n, 8) for n in shape))
    return True


def _constant(path: Path, rng: np.random.Generator) -> bool:
    with h5py.File(path, "r+") as file:
        data = file[path.stem][()]
        if rng.random() < 0.5:
            data[:] = int(rng.integers(0, 3))
        elif data.ndim > 1:
            data[:] = data[:1]  # identical samples
        file[path.stem][...] = data
    return False


CHANGES: tuple[Change, ...] = (
    _random_bytes,
    _flipped_bytes,
    _flipped_bytes,
    _truncated,
    _no_regular_file,
    _link,
    _external_storage,
    _virtual_dataset,
    _other_object,
    _other_type,
    _other_shape,
    _huge_declared_size,
    _constant,
)
