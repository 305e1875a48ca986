"""Hostile image and video files: for training in class folders, and as inputs of predictions."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from .contract import Case
from .templates import QUICK, copy_template

#: Odd names of files.
NAMES = ("-x", "=1+1", "a\nb", "%s", "{}", "$x_1$", "é\udcff", " ", "#", "?*", "'\"", "<b>", "x" * 250, "@home", "~")


def class_folders(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A command on class folders with hostile files, names or folders."""
    faces = copy_template(templates, "faces", folder)
    must_fail = False
    for _ in range(int(rng.integers(1, 4))):
        target = faces / str(rng.choice(["happy", "sad", "anger"])) / f"S{int(rng.integers(8))}_{rng.integers(99)}_x"
        kind = rng.integers(5)
        if kind < 2:
            must_fail |= hostile_image(target, rng)
        elif kind == 2:
            must_fail |= _odd_name(target, templates, rng)
        elif kind == 3:
            _odd_folder(faces, rng)
        else:
            _not_an_image(target.with_suffix(".png"), rng)
            must_fail = True
    options = []
    if rng.random() < 0.4:
        options += [
            "--subject-pattern",
            str(rng.choice([r"S(\d)", r"(\d+)", "(", "S", "()", r"(\w)(\w)", r"_x", "^$"])),
        ]
    if rng.random() < 0.3:
        options += ["--holdout", str(rng.choice(["0", "0.3", "0.999", "1e-9"]))]
    if rng.random() < 0.3:
        options += ["--on-error", "skip"]
        must_fail = False
    commands = [
        ["inspect", "faces", "--quiet"],
        ["run", "--pipeline", "hog_linear", "--data", "faces", *QUICK],
        ["run", "--pipeline", "lbp_lda", "--data", "faces", *QUICK, "--cache", "cache"],
    ]
    command = commands[rng.integers(len(commands))]
    return Case([*command, *options, "--out", "out"], must_fail=must_fail, kept=("cache",))


def hostile_image(path: Path, rng: np.random.Generator) -> bool:
    """Write an odd or damaged image; the suffix is added. Returns whether it must be refused."""
    image = cv2.resize(rng.integers(0, 256, (9, 8), np.uint8), (50, 60))
    suffix = str(rng.choice([".png", ".jpg", ".bmp", ".tif", ".webp"]))
    kind = rng.integers(8)
    odd = [
        cv2.cvtColor(image, cv2.COLOR_GRAY2BGR),
        np.dstack([image] * 3 + [image // 2]),
        np.full((1, 1), 7, np.uint8),
        np.zeros((60, 50), np.uint8),
        np.resize(image, (2, 3000)),
    ]
    if kind < 3:
        chosen = odd[rng.integers(len(odd))]
        cv2.imwrite(f"{path}{suffix}", chosen if suffix != ".jpg" else chosen[..., :3] if chosen.ndim == 3 else chosen)
        return False
    if kind == 3:
        cv2.imwrite(f"{path}.png", image.astype(np.uint16) * 257)
        return False
    if kind == 4:
        Path(f"{path}.png").write_bytes(huge_png(int(rng.integers(15_000, 60_000))))
        return True
    content = bytearray(cv2.imencode(suffix, image)[1].tobytes())
    if kind == 5:
        del content[int(rng.integers(0, len(content) // 2)) :]
    elif kind == 6:
        content += rng.bytes(int(rng.integers(1, 500)))  # as motion photographs have
    else:
        for at in rng.integers(0, len(content), int(rng.integers(1, 10))):
            content[at] ^= 1 << int(rng.integers(8))
    Path(f"{path}{suffix}").write_bytes(content)
    return bool(kind == 5)


def huge_png(side: int) -> bytes:
    """A PNG of side x side black pixels, in a few hundred kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    compressor = zlib.compressobj(9)
    row = bytes(1 + side // 8 + 1)
    lines = b"".join(compressor.compress(row) for _ in range(side)) + compressor.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit per pixel
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def predictions(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A prediction of hostile images and videos, or with odd outputs."""
    copy_template(templates, "S", folder)
    media = copy_template(templates, "media", folder)
    inputs, must_fail = [], False
    for i in range(int(rng.integers(1, 3))):
        kind = rng.integers(6)
        if kind == 0:
            inputs.append("media")
        elif kind == 1:
            name = str(rng.choice(NAMES)).replace("/", "_")
            inputs.append(_input(media, f"{name}.png", (media / "photo.png").read_bytes()))
        elif kind == 2:
            must_fail |= hostile_image(media / f"x{i}", rng)
            inputs.append(f"media/{next(media.glob(f'x{i}.*')).name}")
        elif kind == 3:
            inputs.append(_damaged_video(media, i, rng))
        elif kind == 4:
            path = media / f"special{i}.png"
            _not_an_image(path, rng)
            inputs.append(f"media/{path.name}")
            must_fail = True
        else:
            inputs.append(
                str(rng.choice(["", ".", "/", "absent.png", "/dev/null", "media/absent", "S", "-", "http://x"]))
            )
    options = []
    if rng.random() < 0.4:
        options += ["--annotate", str(rng.choice(["out", "out/a.png", "media/photo.png", "/dev/full"]))]
    if rng.random() < 0.3:
        options += ["--all-faces"]
    if rng.random() < 0.2:
        options += ["--sequence"]
    out = str(
        rng.choice(["out", "out.csv", "out.json", "media/photo.png", "S/model.json", "/dev/full", ".", "no/x.csv"])
    )
    n_inputs = len(inputs) + 4 * ("media" in inputs or "." in inputs)
    # The predictions of the other inputs are written; nothing is, where it cannot be written.
    is_valid = out.startswith("out") and not {"media/photo.png", "/dev/full"} & set(options)
    outputs = ("out", "out.csv", "out.json") if is_valid else ()
    arguments = ["predict", "--model", "S", "--quiet", *options, "--out", out, "--", *inputs]
    return Case(arguments, must_fail=must_fail, outputs=outputs, kept=outputs, n_inputs=n_inputs)


def openface_tables(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A prediction by the landmarks of a hostile OpenFace table."""
    copy_template(templates, "A", folder)
    media = copy_template(templates, "media", folder)
    rows = [line.split(",") for line in (media / "openface.csv").read_text().splitlines()]
    kind = rng.integers(7)
    row, column = int(rng.integers(0, len(rows))), int(rng.integers(0, len(rows[0])))
    if kind == 0:
        rows[row][column] = str(rng.choice(["", "nan", "inf", "abc", "1e300", "-5", "²", "0.5"]))
    elif kind == 1:
        rows = [[cell for i, cell in enumerate(one) if i != column] for one in rows]
    elif kind == 2:
        rows.append(rows[row])
    elif kind == 3:
        rows = rows[:row]
    elif kind == 4:
        rows[row] = rows[row][:column]
    elif kind == 5:
        rows = [[*one, one[column]] for one in rows]
    text = "\n".join(",".join(one) for one in rows)
    content = bytearray(text.encode())
    if kind == 6:
        at = int(rng.integers(len(content)))
        content[at : at + int(rng.integers(3))] = rng.bytes(5)
    (media / "openface.csv").write_bytes(content)
    arguments = ["predict", "--model", "A", "--quiet", "--openface-in", "media/openface.csv", "media/clip.avi"]
    return Case([*arguments, "--out", "out.csv"], outputs=("out.csv",))


def _input(folder: Path, name: str, content: bytes) -> str:
    name = name.encode(errors="surrogateescape")[:250].decode(errors="surrogateescape")
    (folder / name).write_bytes(content)
    return f"{folder.name}/{name}"


def _damaged_video(media: Path, i: int, rng: np.random.Generator) -> str:
    content = bytearray((media / "clip.avi").read_bytes())
    kind = rng.integers(4)
    if kind == 0:
        del content[int(rng.integers(0, len(content))) :]
    elif kind == 1:
        for at in rng.integers(0, len(content), int(rng.integers(1, 200))):
            content[at] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        content = bytearray(rng.bytes(1000))
    else:
        for at in rng.integers(0, 300, 5):  # the header
            content[at] = int(rng.integers(256))
    return _input(media, f"x{i}{rng.choice(['.avi', '.mp4', '.mkv'])}", content)


def _not_an_image(path: Path, rng: np.random.Generator) -> None:
    kind = rng.integers(6)
    if kind == 0:
        path.write_bytes(b"")
    elif kind == 1:
        path.write_text("text\n" * 10)
    elif kind == 2:
        os.mkfifo(path)
    elif kind == 3:
        path.symlink_to(path.name)
    elif kind == 4:
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(rng.bytes(500))


def _odd_name(target: Path, templates: Path, rng: np.random.Generator) -> bool:
    name = str(rng.choice(NAMES))[:240]
    source = next((templates / "faces" / "happy").iterdir())
    (target.parent / f"{name}.png").write_bytes(source.read_bytes())
    return False


def _odd_folder(faces: Path, rng: np.random.Generator) -> None:
    source = next((faces / "happy").glob("S*.png"))
    name = str(rng.choice(["empty", "__MACOSX", "images", "happy/more", "Happy", ".hidden", "0", "loop", "neutral"]))
    if name == "loop":
        (faces / "happy" / "loop").symlink_to(faces)
        return
    (faces / name).mkdir(exist_ok=True)
    if name != "empty":
        (faces / name / "one.png").write_bytes(source.read_bytes())
