"""What each extractor is worth, alone and together, on data of several collections, judged by subject.

    python experiments/compare_features.py                                          the demo (synthetic), anywhere
    python experiments/compare_features.py --standin DIR --kdef NPZ --bu4dfe NPZ    real faces

Every extractor alone, then the best combination by forward selection under grouped cross-validation, all with the
default RBF support vector machine, then whole pipelines that have proved themselves, `best` among them; with --standin
and --bu4dfe, landmark models trained on the one and scored on the other. --standin DIR is a fer22 folder with its
subjects in DIR/solution; `best` alone is scored on its test part. The NPZ files hold `landmarks68`, `labels`,
`subjects`, and for --kdef `images` and `session`. Prints a table and keeps it as JSON; rows that are there already are
not made again.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.svm import SVC
from standin import test_part, training_part, whole
from threadpoolctl import threadpool_limits

from fer_features import Samples, evaluate, load_dataset, make_pipeline
from fer_features._atomic import replacing
from fer_features.classifiers import uncalibrated
from fer_features.cli._parser import Parser, guarded
from fer_features.evaluation import choose_protocol
from fer_features.evaluation.metrics import summarise
from fer_features.expressions import FER22
from fer_features.extractors import EXTRACTORS
from fer_features.extractors.features import centre_and_scale, extractors_of
from fer_features.pipelines import describable, members, prepared
from fer_features.samples.table import Info

#: Extractors in a combination at most, and what counts as no gain on some dozens of people.
MOST, NOISE = 6, 0.003
SVM = {"C": 10, "gamma": 0.5}

#: The shape of a face as `best` has it: softer than the default, which carries over better.
SHAPE = {"name": "landmarks_geometry_svm", "classifier__C": 1, "classifier__gamma": 0.3}


@dataclasses.dataclass
class Task:
    """Data, the protocol it is judged by, and the extractors that can read it."""

    name: str
    X: Samples
    cv: str | None
    extractors: list[str]
    pipelines: tuple[str, ...] = ()


class Distances:
    """Squared distances between all rows under each extractor and each fold's own scaling.

    An RBF kernel on blocks side by side is a function of the sum of their distances, so every combination of
    extractors is judged from these without being computed anew; the figures are those of the pipeline itself.
    """

    def __init__(self, task: Task):
        self.task = task
        usable = (np.asarray(task.X["label"]) >= 0) & describable(make_pipeline(f"{task.extractors[0]}_svm"), task.X)
        self.X = task.X[usable]
        self.label, self.subject = np.asarray(self.X["label"]), np.asarray(self.X["subject"])
        protocol = choose_protocol(task.cv, self.label, self.subject, self.X.info.classes)
        self.folds = list(protocol.split(self.label, self.subject))
        self.protocol = str(protocol)
        self.known: dict[str, list[np.ndarray]] = {}
        self.size: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    def of(self, extractor: str) -> list[np.ndarray]:
        """A matrix (n, n) float32 for each fold."""
        if extractor not in self.known:
            start = time.perf_counter()
            model = make_pipeline(f"{extractor}_svm")
            describe, table = extractors_of(model)[0][1], prepared(model, self.X)
            # What learns (a codebook) is fitted in each fold, on its training rows alone.
            learns = describe.__sklearn_tags__().requires_fit
            block = None if learns else describe.fit_transform(table)
            self.known[extractor] = []
            for train, _ in self.folds:
                block = describe.fit(table[train]).transform(table) if learns else block
                self.known[extractor].append(_squared_distances(block, train))
            self.seconds[extractor], self.size[extractor] = time.perf_counter() - start, block.shape[1]
        return self.known[extractor]

    def predictions(self, names: list[str]) -> np.ndarray:
        """Out-of-fold predictions of the support vector machine on some extractors, (n,)."""
        found = np.empty_like(self.label)
        blocks = [self.of(name) for name in names]
        for i, (train, test) in enumerate(self.folds):
            kernel = np.exp(-SVM["gamma"] * sum(block[i] for block in blocks) / len(blocks))
            svm = SVC(C=SVM["C"], kernel="precomputed").fit(kernel[np.ix_(train, train)], self.label[train])
            found[test] = svm.predict(kernel[np.ix_(test, train)])
        return found

    def row(self, names: list[str]) -> dict:
        """Figures of some extractors together."""
        scores = summarise(self.label, self.predictions(names), self.subject, [str(c) for c in np.unique(self.label)])
        return {
            "extractors": "_".join(names),
            **{k: scores[k] for k in ("accuracy", "macro_f1", "subject_sd")},
            "ci95": scores["ci95"]["accuracy"],
            "dimension": sum(self.size[name] for name in names),
            "seconds": round(sum(self.seconds[name] for name in names), 1),
            "n": len(self.label),
            "n_subjects": len(np.unique(self.subject)),
            "protocol": self.protocol,
        }


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--standin", type=Path, metavar="DIR")
    parser.add_argument("--kdef", type=Path, metavar="NPZ")
    parser.add_argument("--bu4dfe", type=Path, metavar="NPZ")
    parser.add_argument("--only", nargs="*", metavar="EXTRACTOR")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "compare_features.json")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    table = Table(options.out)
    with threadpool_limits(2):
        for task in tasks(options):
            task.extractors = [e for e in task.extractors if not options.only or e in options.only]
            print(
                f"\n{task.name}\n| extractors | accuracy | deviation over subjects | dimension | seconds |\n"
                "|---|---|---|---|---|"
            )
            select(task, table)
            for name in () if options.only else task.pipelines:
                table.add(task.name, [name], lambda name=name, task=task: judged(name, task))
        if options.standin and not options.only:
            table.add("stand-in, 22 test people", ["best"], lambda: test_row(options.standin, "best"))
        if options.standin and options.bu4dfe:
            across(options, table)
    print(f"\nwritten to {options.out}")


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """The data sets that were given, or the demo."""
    every = list(EXTRACTORS)
    points = [name for name in every if EXTRACTORS[name][0].reads == ("landmarks",)]
    still = [name for name in every if "of" in EXTRACTORS[name][0].rules and "of" not in EXTRACTORS[name][1]]
    if not (options.standin or options.kdef or options.bu4dfe):
        yield Task("demo (synthetic), leave-one-subject-out", load_dataset("demo"), "loso", every, ("best",))
    if options.standin:
        X = whole(options.standin)
        yield Task("stand-in, leave-one-subject-out", X, "loso", every, ("best",))
    if options.kdef:
        pairs, apexes = kdef(options.kdef)
        two_frames = [name for name in every if not name.endswith("top") and name != "trajectory"]
        six = ("hogdiff_patchesdiff_patches_gabordiff_linear", "best")
        yield Task("KDEF pairs, 6 expressions, 10-fold", pairs, "10fold", two_frames, six)
        seven = tuple(f"patches_gabor_lpq_{classifier}" for classifier in ("svm", "linear", "lda"))
        yield Task("KDEF apex alone, 7 classes, 10-fold", apexes, "10fold", still, seven)
    if options.bu4dfe:
        yield Task("BU-4DFE landmarks, 10-fold", bu4dfe(options.bu4dfe), "10fold", points)


def select(task: Task, table: "Table") -> None:
    """Every extractor alone, then forward selection."""
    distances = Distances(task)
    single = {e: table.add(task.name, [e], lambda e=e: distances.row([e]))["accuracy"] for e in task.extractors}
    chosen = [max(single, key=single.__getitem__)]
    accuracy = [single[chosen[0]]]
    while len(chosen) < min(MOST, len(task.extractors)):
        with_each = {
            e: np.mean(distances.predictions([*chosen, e]) == distances.label)
            for e in task.extractors
            if e not in chosen
        }
        chosen.append(max(with_each, key=with_each.__getitem__))
        accuracy.append(with_each[chosen[-1]])
        table.add(task.name, chosen, lambda: distances.row(chosen))
    # The shortest that is as good as the best: what comes after it is noise.
    enough = int(np.argmax(np.array(accuracy) >= max(accuracy) - NOISE)) + 1
    print(f"selected: {'_'.join(chosen[:enough])}")


def judged(name: str, task: Task) -> dict:
    """Figures of a whole pipeline."""
    start = time.perf_counter()
    model = uncalibrated(make_pipeline(name))
    scores = evaluate(model, task.X, task.cv, name=name).scores
    row = {"extractors": name, **{k: scores[k] for k in ("accuracy", "macro_f1", "subject_sd", "n", "n_subjects")}}
    row |= {"ci95": scores["ci95"]["accuracy"], "protocol": scores["protocol"]}
    one = task.X[labelled_rows(task.X)[:1]]
    blocks = [e.fit(t).transform(t) for m in members(model) for t in [prepared(m, one)] for _, e in extractors_of(m)]
    return {**row, "dimension": sum(b.shape[1] for b in blocks), "seconds": round(time.perf_counter() - start, 1)}


def labelled_rows(X: Samples) -> np.ndarray:
    """Rows with a label and a face."""
    return np.flatnonzero((np.asarray(X["label"]) >= 0) & describable(make_pipeline("landmarks_svm"), X))


def across(options: argparse.Namespace, table: "Table") -> None:
    """Landmark models trained on one collection and scored on another, and on as few people of the same."""
    sides = {"stand-in": training_part(options.standin), "BU-4DFE": bu4dfe(options.bu4dfe)}
    settings = [{"name": f"{e}_svm"} for e in EXTRACTORS if EXTRACTORS[e][0].reads == ("landmarks",)]
    for setting in [*settings, SHAPE]:
        label = " ".join([setting["name"], *(f"{k}={v}" for k, v in setting.items() if k != "name")])
        for a, b in (("stand-in", "BU-4DFE"), ("BU-4DFE", "stand-in")):
            make = lambda a=a, b=b, s=setting, label=label: {**score(s, sides[a], sides[b]), "extractors": label}  # noqa: E731
            table.add(f"trained on {a}, scored on {b}", [label], make)
    B, people = sides["BU-4DFE"], len(np.unique(sides["stand-in"]["subject"]))
    table.add(f"trained on {people} people of BU-4DFE, scored on its others", [label], lambda: few(B, people, label))


def few(B: Samples, people: int, label: str) -> dict:
    """Mean over draws of a model of the shape of few people."""
    start = time.perf_counter()
    rng, subjects, rows = np.random.default_rng(0), np.unique(B["subject"]), []
    for _ in range(20):
        train = np.isin(B["subject"], rng.permutation(subjects)[:people])
        rows.append(score(SHAPE, B[train], B[~train]))
    row = {k: float(np.mean([r[k] for r in rows])) for k in ("accuracy", "macro_f1", "subject_sd")}
    spread = {"deviation_over_draws": float(np.std([r["accuracy"] for r in rows])), "dimension": 0}
    return {"extractors": label, **row, **spread, "seconds": round(time.perf_counter() - start, 1)}


def score(setting: dict, A: Samples, B: Samples) -> dict:
    """Figures on one table of a pipeline fitted to another."""
    start = time.perf_counter()
    predicted = uncalibrated(make_pipeline(**setting)).fit(A, A["label"]).predict(B)
    scores = summarise(B["label"], predicted, B["subject"], list(FER22))
    row = {k: scores[k] for k in ("accuracy", "macro_f1", "subject_sd")}
    return {**row, "ci95": scores["ci95"]["accuracy"], "dimension": 0, "seconds": round(time.perf_counter() - start, 1)}


def test_row(folder: Path, name: str) -> dict:
    """Figures on the test people of the stand-in."""
    return {"extractors": name, **score({"name": name}, training_part(folder), test_part(folder))}


def kdef(path: Path) -> tuple[Samples, Samples]:
    """Pairs of the neutral and the apex photograph of a session, 6 expressions; and all photographs, 7 classes."""
    z = np.load(path)
    images, points, labels, subjects, session = (
        z[k] for k in ("images", "landmarks68", "labels", "subjects", "session")
    )
    classes = (*FER22, "neutral")
    code = np.array([classes.index({"happy": "joy"}.get(name, name)) for name in labels])
    rest = {(s, e): i for i, (s, e, c) in enumerate(zip(subjects, session, code, strict=True)) if c == 6}
    pairs = [
        (rest[s, e], i)
        for i, (s, e, c) in enumerate(zip(subjects, session, code, strict=True))
        if c < 6 and (s, e) in rest
    ]
    at = np.array(pairs)
    info = Info(dataset="kdef", classes=classes, subjects_from="dataset")
    return (
        Samples.from_arrays(images[at], points[at], code[at[:, 1]], subjects[at[:, 1]], info=info),
        Samples.from_arrays(images, points, code, subjects, info=info),
    )


def bu4dfe(path: Path) -> Samples:
    """Landmarks of sequences from neutral to apex."""
    z = np.load(path)
    info = Info(dataset="bu4dfe", classes=FER22, subjects_from="dataset")
    return Samples.from_arrays(landmarks=z["landmarks68"], label=z["labels"], subject=z["subjects"], info=info)


class Table:
    """Rows by data set and combination, kept as JSON as they come."""

    def __init__(self, path: Path):
        self.path = path
        self.rows = json.loads(path.read_text()) if path.exists() else {}

    def add(self, task: str, names: list[str], make: Callable[[], dict]) -> dict:
        """The row, made if it is not there; printed."""
        key = f"{task}: {'_'.join(names)}"
        if key not in self.rows:
            self.rows[key] = {"task": task, **make()}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as temporary:
                temporary.write_text(json.dumps(self.rows, indent=1) + "\n")
        r = self.rows[key]
        cells = [
            f"`{r['extractors']}`",
            f"{r['accuracy']:.3f}",
            f"{r['subject_sd']:.3f}",
            str(r["dimension"]),
            str(r["seconds"]),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        return r


def _squared_distances(block: np.ndarray, train: np.ndarray) -> np.ndarray:
    mean, scale = centre_and_scale(block[train], "column")
    scaled = (block - mean) / scale
    norms = (scaled**2).sum(1)
    return np.maximum(norms[:, None] + norms - 2 * scaled @ scaled.T, 0)


if __name__ == "__main__":
    sys.exit(main())
