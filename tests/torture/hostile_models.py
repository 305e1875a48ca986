"""Saved models, runs and caches that were changed."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from fer_features import make_pipeline

from .contract import Case
from .templates import QUICK, copy_template

#: Values for any place of a JSON file.
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e300, float("nan"), float("inf"), "", "x", "\x00", "=1+1", [], [None], {}, {"a": 1}, "é"),
    *("../x", "9" * 400, 10**400, [[[]]], "a\nb", "$x_i$", "<b>", "|", "4.10.0", "99.0.0"),
)


def changed_models(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A prediction or a plot by a model whose manifest or file was changed."""
    model = copy_template(templates, "S", folder)
    copy_template(templates, "media/photo.png", folder)
    copy_template(templates, "faces", folder)
    must_fail = (_changed_manifest, _changed_bytes, _foreign_object)[rng.integers(3)](model, rng)
    commands = [
        ["predict", "--model", "S", "media/photo.png", "--quiet", "--out", "out.csv"],
        ["plot", "hog", "faces", "--model", "S", "--quiet", "--out", "out.png"],
        ["predict", "--model", "S/model.joblib", "media/photo.png", "--quiet", "--out", "out.json"],
    ]
    return Case(commands[rng.integers(3)], must_fail=must_fail, outputs=("out.csv", "out.json", "out.png"))


def _changed_manifest(model: Path, rng: np.random.Generator) -> bool:
    path = model / "model.json"
    return _changed_json(path, rng)


def _changed_bytes(model: Path, rng: np.random.Generator) -> bool:
    """A damaged model file; its hash in the manifest is that of the damaged file in half of the cases."""
    path = model / "model.joblib"
    content = bytearray(path.read_bytes())
    if rng.random() < 0.3:
        del content[int(rng.integers(0, len(content))) :]
    for at in rng.integers(0, max(len(content), 1), int(rng.integers(1, 20))):
        if at < len(content):
            content[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    is_known = rng.random() < 0.5
    if is_known:
        _update_hash(model)
    return not is_known


def _foreign_object(model: Path, rng: np.random.Generator) -> bool:
    """Another object with a right hash; never one that runs code, which no check can find."""
    objects = [
        {"a": 1},
        "model",
        None,
        np.zeros(3),
        LogisticRegression(),
        LogisticRegression().fit([[0], [1]], [0, 1]),
        make_pipeline("hog_linear"),
        make_pipeline("landmarks_lda"),
        LogisticRegression,
        print,
    ]
    content = io.BytesIO()
    joblib.dump(objects[rng.integers(len(objects))], content)
    (model / "model.joblib").write_bytes(content.getvalue())
    _update_hash(model)
    return True


def _update_hash(model: Path) -> None:
    """Write the hash of the model file into the manifest."""
    path = model / "model.json"
    text = path.read_text()
    digest = hashlib.sha256((model / "model.joblib").read_bytes()).hexdigest()
    path.write_text(text.replace(json.loads(text)["sha256"]["joblib"], digest))


def _changed_json(path: Path, rng: np.random.Generator) -> bool:
    """Change a value at a random place, remove it, or damage the text. Returns whether it must be refused."""
    text = path.read_text()
    kind = rng.integers(6)
    if kind == 0:
        path.write_text(text[: int(rng.integers(0, len(text) - 3))])
        return True
    if kind == 1:
        value = JSON_VALUES[rng.integers(len(JSON_VALUES))]
        path.write_text(json.dumps(value))
        return True
    if kind == 2:
        path.write_bytes(text.encode().replace(b'"', b"\xff", 1))
        return True
    tree = json.loads(text)
    for _ in range(int(rng.integers(1, 6))):
        _change_value(tree, rng)
    path.write_text(json.dumps(tree))
    return False  # the place may be one that nothing uses


def _change_value(tree: Any, rng: np.random.Generator) -> None:
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    if not keys:
        return
    key = keys[rng.integers(len(keys))]
    if isinstance(tree[key], dict | list) and tree[key] and rng.random() < 0.6:
        _change_value(tree[key], rng)
    elif rng.random() < 0.2:
        del tree[key]
    else:
        tree[key] = JSON_VALUES[rng.integers(len(JSON_VALUES))]


def changed_runs(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A comparison of two runs of which one was changed."""
    copy_template(templates, "A", folder)
    run = copy_template(templates, "B", folder)
    must_fail = False
    if rng.random() < 0.6:
        must_fail = _changed_json(run / "scores.json", rng)
    else:
        must_fail = _changed_predictions(run / "predictions.csv", rng)
    others = [["A"], [], ["A", "B"], ["absent"], ["A", "A"]]
    extra = others[rng.integers(5)] if rng.random() < 0.2 else []
    return Case(["compare", "A", "B", *extra, "--quiet", "--out", "out"], must_fail=must_fail)


def _changed_predictions(path: Path, rng: np.random.Generator) -> bool:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    kind = rng.integers(6)
    row, column = int(rng.integers(1, len(rows))), int(rng.integers(len(rows[0])))
    name = rows[0][column]
    if kind == 0:
        rows[row][column] = str(rng.choice(["", "x", "-1", "nan", "1e300", '"', "=1", "²"]))
        must_fail = name in ("sample", "fold", "true", "predicted", "subject")
    elif kind == 1:
        rows = [[cell for i, cell in enumerate(one) if i != column] for one in rows]
        must_fail = name in ("sample", "fold", "true", "predicted", "subject")
    elif kind == 2:
        del rows[row]
        must_fail = True
    elif kind == 3:
        rows.append(rows[row])
        must_fail = True
    elif kind == 4:
        rows = rows[: int(rng.integers(0, 2))]
        must_fail = True
    else:
        rows[row] = rows[row][: len(rows[row]) // 2]
        must_fail = False
    path.write_text("\n".join(",".join(one) for one in rows) + "\n")
    return must_fail


def changed_caches(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A run with a damaged cache, or a search with a damaged journal: both can be made again."""
    copy_template(templates, "fer22", folder)
    copy_template(templates, "subjects.csv", folder)
    copy_template(templates, "grid.json", folder)
    data = ["--data", "fer22", "--subjects", "subjects.csv", "--cv", "2fold", "--quiet", "--out", "out"]
    if rng.random() < 0.5:
        cache = folder / "cache"
        kind = rng.integers(5)
        if kind == 0:
            cache.write_text("a file")
        elif kind == 1:
            cache.symlink_to("cache")
        else:
            copy_template(templates, "cache", folder)
            for path in cache.iterdir():
                content = bytearray(path.read_bytes())
                if kind == 2:
                    del content[int(rng.integers(0, len(content))) :]
                elif kind == 3:
                    content[int(rng.integers(len(content)))] ^= 255
                else:
                    content = bytearray(rng.bytes(int(rng.integers(0, 300))))
                path.write_bytes(content)
        return Case(["run", "--pipeline", "hog_lda", *data, *QUICK[3:], "--cache", "cache"], kept=("cache",))
    (folder / "out").mkdir()
    journal = folder / "out" / "journal.jsonl"
    lines = ['{"a": 1}', "null", "[]", '{"outer_fold": "all", "candidate": 0, "fold": 0}', "x", ""]
    journal.write_text("\n".join(str(rng.choice(lines)) for _ in range(int(rng.integers(0, 4)))))
    return Case(["search", "--pipeline", "landmarks_lda", "--grid", "grid.json", *data], kept=("out",))


def full_disks(rng: np.random.Generator, folder: Path, templates: Path) -> Case:
    """A valid command that cannot write files of more than a few kilobytes."""
    for name in ("fer22", "subjects.csv", "grid.json", "A", "B", "S", "media"):
        copy_template(templates, name, folder)
    data = ["--data", "fer22", "--subjects", "subjects.csv"]
    commands = [
        ["run", "--pipeline", "landmarks_lda", *data, *QUICK, "--out", "out"],
        [
            "search",
            "--pipeline",
            "landmarks_lda",
            *data,
            "--grid",
            "grid.json",
            "--cv",
            "2fold",
            "--quiet",
            "--out",
            "out",
        ],
        ["compare", "A", "B", "--quiet", "--out", "out"],
        ["inspect", "fer22", "--quiet", "--out", "out"],
        ["plot", "hog", "fer22", "--quiet", "--out", "out"],
        ["predict", "--model", "S", "media/photo.png", "--annotate", "out/x.png", "--quiet", "--out", "out.csv"],
        ["predict", "--model", "S", "media/clip.avi", "--annotate", "out.avi", "--quiet"],
        ["demo", "out", "--subjects", "1", "--test-subjects", "1", "--repeats", "1", "--test-repeats", "1", "--quiet"],
        ["run", "--pipeline", "hog_lda", *data, *QUICK, "--cache", "cache", "--out", "out"],
    ]
    kind = int(rng.integers(len(commands)))
    kept = ("out", "cache") if kind == 1 else ("cache",)  # the journal of a search is kept
    return Case(commands[kind], must_fail=True, kept=kept, max_file_size=int(rng.choice([3000, 8000])))
