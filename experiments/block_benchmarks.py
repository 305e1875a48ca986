"""Measurements of `bench_scale.py` on features in files: extraction, training block by block, and computed costs.

The samples are images of FER2013 with copies that are shifted, rotated and changed in contrast a little. Copies of an
image have the same subject.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from measurement import measure_in_subprocess, peak_memory_mib
from result_tables import ResultFile, fixed, print_header, print_row

from fer_features import DataInfo, Samples, cluster, load_dataset, make_pipeline
from fer_features.datasets.packed import write_packed
from fer_features.extractors.features import named_extractors
from fer_features.pipelines import transformed
from fer_features.samples.augmentation import augment_samples
from fer_features.version import versions
from fer_features.workflow.feature_shards import write_shards

#: HOG of the crop, without landmarks.
FEATURES: dict[str, Any] = {"align__method": "none", "align__size": 48, "faces__method": "none"}
#: Sizes of the cells, in pixels, of the features whose cost is measured, and of those whose accuracy is compared.
GROWTH_CELLS, ACCURACY_CELLS = 16, 8
#: Classifiers whose time and memory are measured, and their parameters: fewer inducing samples and trees than usual.
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "ridge": {},
    "sgd": {},
    "nystroem": {"classifier__n_inducing": 500},
    "xgb": {"classifier__n_estimators": 30},
}
#: `hog_krr` is a preset with other features; these are those of the other classifiers, and the kernel of `nystroem`.
EXACT_SOLUTION: dict[str, Any] = {
    "features__mirror": "none",
    "features__scale": "standardize",
    "features__hog__orientations": 9,
    "features__hog__signed_gradients": False,
    "classifier__mirror_invariant": False,
    "classifier__gamma": 1.0,
}
#: Classifiers of the table of accuracies, with the exact solution.
COMPARED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ridge", {}),
    ("sgd", {}),
    ("xgb", {}),
    ("nystroem", {}),
    ("nystroem", {"classifier__n_inducing": 6000}),
    ("krr", EXACT_SOLUTION),  # minutes, and 3.3 GB
)
#: Parts of the measurements.
PARTS = ("growth", "accuracy", "cluster")
#: Small changes of the copies, and their number for each image.
CHANGES, N_COPIES = ("shift", "rotation", "contrast"), 7
#: Tasks without content whose time is the overhead of a cluster, and samples that are extracted on it.
N_EMPTY_TASKS, N_CLUSTER_SAMPLES = 500, 20_000
#: Samples on which the cost of Fisher vectors is measured.
N_FISHER_SAMPLES = 200
#: Numbers of images whose costs are computed.
COST_N_IMAGES = (1e6, 1e8, 1e9)


class Measurements:
    """Measurements in processes of their own, whose results are kept.

    Parameters
    ----------
    script : str
        Path of the script that calls a function of `MEASUREMENTS` in a new process.
    results : ResultFile
    fer2013 : Path
        The file fer2013.csv.
    folder : Path
        For the copies of images and the features.
    sizes : sequence of int
        Numbers of images, in increasing order.
    n_rounds : int
        The fastest of this number of fits is reported.
    """

    def __init__(
        self, script: str, results: ResultFile, fer2013: Path, folder: Path, sizes: Sequence[int], n_rounds: int
    ):
        self.script, self.results, self.fer2013, self.folder = script, results, fer2013, folder
        self.sizes, self.n_rounds = sizes, n_rounds

    def measure(
        self, key: str, function: str, n_cores: int | None = 1, n_rounds: int = 1, **task: Any
    ) -> dict[str, Any]:
        """The result of a function, from the file or computed; the fastest of some rounds."""
        task = {"function": function, **task}

        def computed() -> dict[str, Any]:
            rounds = [measure_in_subprocess(self.script, dict(task), n_cores) for _ in range(n_rounds)]
            return {**min(rounds, key=lambda cost: cost.get("cpu_seconds", 0)), "versions": versions()}

        return self.results.get(key, computed)

    def growth(self) -> dict[str, list[dict[str, Any]]]:
        """Time and memory of extraction and of each classifier, for each number of images."""
        data, shards = [[str(self.folder / f"{n}{suffix}") for n in self.sizes] for suffix in (".h5", "")]
        if not Path(data[-1]).exists():
            write_repeated_images(self.fer2013, self.sizes, self.folder)
        work: dict[str, list[dict[str, Any]]] = {"extraction": []}
        for n, file, kept in zip(self.sizes, data, shards, strict=True):
            task: dict[str, Any] = {"data": file, "shards": kept, "cells": GROWTH_CELLS}
            work["extraction"].append(self.measure(f"extraction {n}", "extraction", **task))
        for name, params in CLASSIFIERS.items():
            tasks = [{"shards": kept, "classifier": name, "params": params} for kept in shards]
            keys = [f"{name} {n}" for n in self.sizes]
            work[name] = [
                self.measure(key, "training", n_rounds=self.n_rounds, **task)
                for key, task in zip(keys, tasks, strict=True)
            ]
        exponents = self.results.get("exponents", lambda: {name: exponent(costs) for name, costs in work.items()})
        titles = [f"{n:,}" for n in self.sizes]
        print_header(["work", *(f"CPU s, {n}" for n in titles), "exponent", *(f"peak MiB, {n}" for n in titles)])
        for name, costs in work.items():
            times, memory = [fixed(c["cpu_seconds"], 1) for c in costs], [fixed(c["peak_mib"], 0) for c in costs]
            print_row([name, *times, fixed(exponents[name], 2), *memory])
        return work

    def accuracy(self, quick: bool) -> None:
        """Accuracy on FER2013 of training on files and in memory; with `quick` of one classifier."""
        kept = str(self.folder / "fer2013")
        task: dict[str, Any] = {"data": str(self.fer2013), "shards": kept}
        self.measure("extraction fer2013", "extraction", **task, cells=ACCURACY_CELLS)
        print()
        print_header(["classifier", "accuracy", "in memory", "equal predictions"])
        for name, params in COMPARED[: 1 if quick else None]:
            changed = {} if params is EXACT_SOLUTION else params
            title = " ".join([name, *(f"{key}={value}" for key, value in changed.items())])
            found = self.measure(f"accuracy {title}", "accuracy", None, **task, classifier=name, params=params)
            keys = ("accuracy_files", "accuracy_memory", "equal_predictions")
            print_row([title, *(fixed(found[key], 4) for key in keys)])

    def costs(self, work: dict[str, list[dict[str, Any]]]) -> None:
        """Costs of large numbers of images."""
        data = str(self.folder / f"{self.sizes[-1]}.h5")
        overhead = self.measure("cluster", "cluster_overhead", None, data=data, shards=str(self.folder / "cluster"))
        fisher = self.measure("fisher", "fisher_extraction", data=data)
        costs = self.results.get("costs", lambda: {f"{n:.0e}": cost_of(n, work, fisher) for n in COST_N_IMAGES})
        print()
        print_header(["images", *next(iter(costs.values()))])
        for n, cost in costs.items():
            print_row([n, *(f"{value:.3g}" for value in cost.values())])
        cores = self.results.get("useful_cores", lambda: useful_cores(work["extraction"][-1], overhead, fisher))
        print(
            "\ncores that one client keeps busy: " + ", ".join(f"{name} {value:.0f}" for name, value in cores.items())
        )


def pipeline(classifier: str, cells: int, **params: Any) -> Any:
    """The pipeline with the features of the benchmark, without calibration."""
    params = {"features__hog__pixels_per_cell": cells, **FEATURES, **params}
    return make_pipeline(f"hog_{classifier}", calibration_cv=0, **params)


def write_repeated_images(path: Path, sizes: Sequence[int], folder: Path) -> None:
    """Write a packed file of each size with Training images and their copies; the larger contain the smaller."""
    X = load_dataset(path)
    X = X[X["split"] == "train"]
    X = X.with_columns(subject=np.arange(len(X)))
    copies, _ = augment_samples(X, CHANGES, N_COPIES, 0)
    order = np.random.default_rng(0).permutation(len(copies))
    for size in sizes:
        write_packed(copies[np.sort(order[:size])], folder / f"{size}.h5")


def extraction(data: str, shards: str, cells: int) -> dict[str, Any]:
    """Cost of extracting the features of a packed file in this process."""
    warm_up()
    clock = Clock()
    X = write_shards(pipeline("ridge", cells), data, shards)
    read = Path(data).stat().st_size
    kept = sum(file.stat().st_size for file in Path(shards).iterdir())
    shape = X.column("features").shape
    return {"n_samples": len(X), "n_features": shape[1], **clock.stop(), "bytes_read": read, "bytes_kept": kept}


def training(shards: str, classifier: str, params: dict[str, Any]) -> dict[str, Any]:
    """Cost of fitting a classifier to features in files, in this process."""
    warm_up()
    clock = Clock()
    X = load_dataset(shards)
    pipeline(classifier, GROWTH_CELLS, **params).fit(X, X["label"])
    return {"n_samples": len(X), **clock.stop()}


def accuracy(data: str, shards: str, classifier: str, params: dict[str, Any]) -> dict[str, Any]:
    """Accuracy on PublicTest of a classifier that is trained on files and in memory, and equality of predictions."""
    predicted = {}
    result: dict[str, Any] = {"classifier": classifier, "params": params}
    for kind, X in (("files", load_dataset(shards)), ("memory", load_dataset(data))):
        train, test = X[X["split"] == "train"], X[X["split"] != "train"]
        model = pipeline(classifier, ACCURACY_CELLS, **params).fit(train, train["label"])
        predicted[kind] = model.predict(test)
        result |= {f"accuracy_{kind}": float((predicted[kind] == test["label"]).mean()), "n_test": len(test)}
    return result | {"equal_predictions": float((predicted["files"] == predicted["memory"]).mean())}


def cluster_overhead(data: str, shards: str) -> dict[str, Any]:
    """CPU time of client and scheduler, in one process, per task without content and per block of features."""
    with cluster("local:2") as workers:
        for _ in workers.map(joblib.delayed(int)() for _ in range(20)):
            pass  # the workers import the package
        clock = Clock()
        for _ in workers.map(joblib.delayed(int)() for _ in range(N_EMPTY_TASKS)):
            pass
        empty = clock.stop()
        clock = Clock()
        X = write_shards(pipeline("ridge", GROWTH_CELLS), load_dataset(data)[:N_CLUSTER_SAMPLES], shards)
        client = clock.stop()
        memory = workers.client.run(peak_memory_mib)
    n_blocks = len(list(Path(shards).glob("*.npy")))
    return {
        "client_cpu_seconds_per_task": empty["cpu_seconds"] / N_EMPTY_TASKS,
        "client_cpu_seconds_per_block": client["cpu_seconds"] / n_blocks,
        "samples_per_block": len(X) / n_blocks,
        "worker_peak_mib": max(memory.values()),
    }


def fisher_extraction(data: str) -> dict[str, Any]:
    """Time per image of Fisher vectors as `fv_krr` has them, without mirror images, after the codebook is fitted."""
    params = {"features__mirror": "none", "classifier__mirror_invariant": False, "features__fv__n_train_images": 400}
    model = make_pipeline("fv_krr", faces__method="none", **params)
    X = transformed(model, load_dataset(data)[:1000])
    ((_, extractor),) = named_extractors(model)
    extractor.set_params(n_train_descriptors=50_000).fit(X)
    clock = Clock()
    values = extractor.transform(X[:N_FISHER_SAMPLES])
    return {"n_features": values.shape[1], "seconds_per_sample": clock.stop()["cpu_seconds"] / N_FISHER_SAMPLES}


class Clock:
    """Wall time and CPU time of this process from its creation on."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def stop(self) -> dict[str, float]:
        """Seconds so far, and the peak of memory."""
        seconds, cpu = time.perf_counter() - self.start[0], time.process_time() - self.start[1]
        return {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak_memory_mib()}


def warm_up() -> None:
    """Import what is imported at the first use, so that it does not count as the work of a small size."""
    with tempfile.TemporaryDirectory() as folder:
        images = np.random.default_rng(0).integers(0, 256, (64, 48, 48), dtype=np.uint8)
        X = Samples.from_arrays(images, label=np.arange(64) % 2, info=DataInfo(cropped=True))
        X = write_shards(pipeline("ridge", GROWTH_CELLS), X, folder)
        pipeline("xgb", GROWTH_CELLS, classifier__n_estimators=2).fit(X, X["label"])


#: Functions of measurements in processes of their own.
MEASUREMENTS = {
    function.__name__: function for function in (extraction, training, accuracy, cluster_overhead, fisher_extraction)
}


def exponent(costs: list[dict[str, Any]], key: str = "cpu_seconds") -> float:
    """Slope of the logarithm of a cost over that of the number of samples."""
    n, values = (np.log([cost[name] for cost in costs]) for name in ("n_samples", key))
    return float(np.polyfit(n, values, 1)[0])


def cost_of(n_images: float, work: dict[str, list[dict[str, Any]]], fisher: dict[str, Any]) -> dict[str, float]:
    """Core hours and bytes of a large number of images, from the costs per sample of the largest measured number."""
    largest = work["extraction"][-1]
    n = largest["n_samples"]
    hours = {f"{name}_core_hours": costs[-1]["cpu_seconds"] / n / 3600 for name, costs in work.items()}
    per_image = {
        **hours,
        "fisher_extraction_core_hours": fisher["seconds_per_sample"] / 3600,
        "terabytes_read": largest["bytes_read"] / n / 1e12,
        "terabytes_kept": largest["bytes_kept"] / n / 1e12,
    }
    return {key: n_images * value for key, value in per_image.items()}


def useful_cores(largest: dict[str, Any], overhead: dict[str, Any], fisher: dict[str, Any]) -> dict[str, float]:
    """Number of workers that occupy one client, by its CPU time per block, and the scheduler, by that per task."""
    hog = largest["cpu_seconds"] / largest["n_samples"] * overhead["samples_per_block"]
    vectors = fisher["seconds_per_sample"] * overhead["samples_per_block"]
    return {
        "hog": hog / overhead["client_cpu_seconds_per_block"],
        "hog_scheduler": hog / overhead["client_cpu_seconds_per_task"],
        "fisher_scheduler": vectors / overhead["client_cpu_seconds_per_task"],
    }
