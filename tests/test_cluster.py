"""Computation on a cluster: results are those of one process, also where workers end; one line where it cannot work.

The tests share two worker processes; each test connects to their scheduler.
"""

import contextlib
import importlib.util
import json
import logging
import os
import signal
import sys
import time

import joblib
import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from fer_features import FerError, Samples, _cluster, cluster, evaluate, make_pipeline
from fer_features._cluster_tasks import MIN_PART_BYTES, SentOnce, TaskPacker, run_task
from fer_features._parallel import map_batches
from fer_features.classifiers import CLASSIFIERS, register_classifier
from fer_features.cli import main
from fer_features.extractors import HOG, LocateFaces
from fer_features.pipelines import transformed
from fer_features.workflow import feature_shards, search
from fer_features.workflow.shard_folder import ShardFolder
from tests.conftest import draw_clips

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="distributed (extra 'cluster') is not installed"
)


@pytest.fixture(scope="module")
def scheduler():
    """Address of the scheduler of two workers, which are started again where they end."""
    from cloudpickle import register_pickle_by_value
    from distributed import LocalCluster

    register_pickle_by_value(sys.modules[__name__])  # the workers cannot import tests
    options = {"dashboard_address": None, "silence_logs": 60}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as workers:
        yield workers.scheduler_address


@pytest.fixture
def on_cluster(scheduler):
    with cluster(scheduler) as workers:
        yield workers


def end_worker_once(marker):
    """End the process of the first worker that comes here, as a lack of memory would."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        os.kill(os.getpid(), signal.SIGKILL)


class EndingHOG(HOG):
    """HOG whose first batch ends the worker."""

    def __init__(self, orientations=9, marker=None):
        super().__init__(orientations=orientations)
        self.marker = marker

    def extract(self, X):
        if self.marker:
            end_worker_once(self.marker)
        return super().extract(X)


@pytest.fixture
def nearest():
    """The name of a classifier that is quickly fitted."""
    register_classifier("nearest", NearestCentroid())
    yield "nearest"
    del CLASSIFIERS["nearest"]


def table(n_frames=2):
    images, landmarks, label, subject = draw_clips(n_frames=n_frames)
    return Samples.from_arrays(images, landmarks, label, subject)


def sent_bytes(workers, monkeypatch):
    """A list that receives the size of everything that is sent."""
    sizes, scatter, submit = [], workers.client.scatter, workers.client.submit

    def counted_scatter(parts, **options):
        sizes.extend(part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts)
        return scatter(parts, **options)

    def counted_submit(function, call, small, *args, **options):
        sizes.append(len(call) + sum(map(len, small.values())))
        return submit(function, call, small, *args, **options)

    monkeypatch.setattr(workers.client, "scatter", counted_scatter)
    monkeypatch.setattr(workers.client, "submit", counted_submit)
    return sizes


def test_evaluation_is_equal_and_sends_each_array_once(on_cluster, nearest, monkeypatch):
    X, sizes = table(), sent_bytes(on_cluster, monkeypatch)
    model = make_pipeline(f"hog_{nearest}", calibration_cv=0)
    found = evaluate(model, X, cv="loso")
    n_bytes = X.column("images").nbytes
    assert n_bytes > MIN_PART_BYTES
    assert sizes.count(n_bytes) == 1
    assert sum(sizes) < n_bytes + X.feature_store.nbytes + len(sizes) * MIN_PART_BYTES
    monkeypatch.setattr(_cluster, "_active", None)
    assert found.predictions.equals(evaluate(model, table(), cv="loso").predictions)


def test_folds_that_would_share_threads_are_fitted_on_the_workers(on_cluster, monkeypatch):
    from fer_features.evaluation import fit_predict

    monkeypatch.setattr(fit_predict, "map_in_threads", lambda *_: pytest.fail("folds are fitted here"))
    sizes = sent_bytes(on_cluster, monkeypatch)
    evaluate(make_pipeline("landmarks_svm", calibration_cv=0), table(), cv="2fold")
    assert len(sizes) >= 2


def test_a_worker_that_ends_during_extraction_changes_nothing(on_cluster, tmp_path, monkeypatch):
    X = transformed(make_pipeline("hog_lda"), table())
    found = EndingHOG(marker=str(tmp_path / "ended")).transform(X[:])
    assert (tmp_path / "ended").exists()
    monkeypatch.setattr(_cluster, "_active", None)
    np.testing.assert_array_equal(found, HOG().transform(X))


class EndingFunction:
    """A function of this package whose first call ends its worker."""

    def __init__(self, function, marker):
        self.function, self.marker = function, marker

    def __call__(self, *args, **kwargs):
        end_worker_once(self.marker)
        return self.function(*args, **kwargs)


def test_a_worker_that_ends_during_folds_changes_nothing(on_cluster, tmp_path, monkeypatch):
    from fer_features.evaluation import fit_predict

    model = make_pipeline("landmarks_lda", calibration_cv=0)
    ending = EndingFunction(fit_predict.fit_fold, str(tmp_path / "ended"))
    monkeypatch.setattr(fit_predict, "fit_fold", ending)
    found = evaluate(model, table(), cv="loso")
    assert (tmp_path / "ended").exists()
    monkeypatch.setattr(_cluster, "_active", None)
    monkeypatch.setattr(fit_predict, "fit_fold", ending.function)
    assert found.predictions.equals(evaluate(model, table(), cv="loso").predictions)


def test_a_worker_that_ends_during_a_search_changes_nothing(on_cluster, tmp_path, monkeypatch):
    from fer_features.model_selection import runner

    model, grid = make_pipeline("landmarks_lda", calibration_cv=0), {"classifier__shrinkage": [0.1, 0.5, 0.9]}
    ending = EndingFunction(runner.fit_and_score, str(tmp_path / "ended"))
    monkeypatch.setattr(runner, "fit_and_score", ending)
    found = search(model, table(), grid, cv="2fold")
    assert (tmp_path / "ended").exists()
    monkeypatch.setattr(_cluster, "_active", None)
    monkeypatch.setattr(runner, "fit_and_score", ending.function)
    expected = search(model, table(), grid, cv="2fold")
    scores = [column for column in expected.table if "seconds" not in column]
    assert found.table[scores].equals(expected.table[scores])


def test_faces_are_located_on_the_workers(on_cluster, small_faces, monkeypatch):
    X = Samples.from_arrays(images=small_faces[:12])
    sizes = sent_bytes(on_cluster, monkeypatch)
    found = LocateFaces("crop").fit_transform(X)["landmarks"]
    assert sizes  # something was computed there
    monkeypatch.setattr(_cluster, "_active", None)
    np.testing.assert_array_equal(found, LocateFaces("crop").fit_transform(X[:].with_columns())["landmarks"])


def test_features_in_files_are_extracted_on_the_workers(on_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)
    sizes = sent_bytes(on_cluster, monkeypatch)
    found = feature_shards.write_shards("landmarks_ridge", table(), tmp_path / "with")
    assert sizes
    monkeypatch.setattr(_cluster, "_active", None)
    expected = feature_shards.write_shards("landmarks_ridge", table(), tmp_path / "without")
    np.testing.assert_array_equal(found["features"], expected["features"])


def test_results_are_in_order_and_errors_are_those_of_the_function(on_cluster):
    def invert(x):
        if not x:
            raise FerError("zero has no inverse")
        return 1 / x

    assert list(map_batches(invert, range(1, 40))) == [1 / x for x in range(1, 40)]
    with pytest.raises(FerError, match="zero has no inverse"):
        list(map_batches(invert, [0]))


def test_a_task_that_always_ends_its_worker_is_one_line(on_cluster):
    calls = [joblib.delayed(os._exit)(1)]
    with on_cluster.client.as_current():
        on_cluster.client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    try:
        with pytest.raises(FerError, match=r"ended its worker 1 times .* memory"):
            list(on_cluster.map(calls))
    finally:
        on_cluster.client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 3))


def test_what_differs_on_a_worker_is_named(on_cluster, scheduler, tmp_path, monkeypatch):
    on_cluster._checked.clear()
    monkeypatch.setattr(_cluster, "versions", lambda: {"numpy": "0.1"})
    with pytest.raises(FerError, match=r"^the worker tcp://127\.0\.0\.1:\d+ has numpy \S+, but this process 0\.1$"):
        on_cluster.check_workers()
    monkeypatch.undo()
    monkeypatch.setattr(_cluster, "_active", None)
    with pytest.raises(FerError, match=r"cannot read .*absent\.h5"), cluster(scheduler, [tmp_path / "absent.h5"]):
        pass


def test_states_are_compared():
    here = {"versions": {"numpy": "2"}, "source": "a", "unreadable": []}
    assert _cluster.compare_states(here, here, 1) == []
    assert _cluster.compare_states(here, {**here, "source": "b"}, 2) == [
        "has other source code of fer_features under the same version",
        "has 2 threads: start it with one (nthreads=1)",
    ]


def test_logs_do_not_mix_with_messages(scheduler):
    # distributed sets a level for each of its loggers, and writes a traceback where the scheduler is lost.
    log = logging.getLogger("distributed.client")
    assert log.isEnabledFor(logging.ERROR)
    with cluster(scheduler):
        assert not log.isEnabledFor(logging.CRITICAL)
    assert log.isEnabledFor(logging.ERROR)


def test_only_one_cluster_is_in_use(on_cluster, scheduler):
    with pytest.raises(FerError, match="is in use"), cluster(scheduler):
        pass


@pytest.mark.parametrize(
    ("where", "message"),
    [("local:0", "from 1 to 512"), ("nowhere", "neither local:N"), ("{tmp}/empty.json", "is not a scheduler file")],
)
def test_a_cluster_that_cannot_be_is_one_line(where, message, tmp_path):
    (tmp_path / "empty.json").write_text(json.dumps({"workers": {}}))
    with pytest.raises(FerError, match=message), cluster(where.format(tmp=tmp_path)):
        pass


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FerError, match=r"pip install 'fer_features\[cluster\]'"), cluster("local:1"):
        pass


def test_a_lost_scheduler_is_one_line():
    from distributed import LocalCluster

    options = {"dashboard_address": None, "silence_logs": 60, "protocol": "tcp://"}
    local = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **options)
    try:
        with cluster(local.scheduler_address) as workers:
            results = workers.map(joblib.delayed(time.sleep)(0.1) for _ in range(50))
            next(results)
            local.close()
            with pytest.raises(FerError, match=r"the scheduler of .* was lost: .* the same command again"):
                list(results)
    finally:
        local.close()


def test_the_command_uses_the_cluster(scheduler, used, tmp_path, fer22_folder, subjects_file):
    command = f"run --pipeline landmarks_lda --set calibration_cv=0 --cv 2fold --data {fer22_folder} --subjects"
    words = [*command.split(), str(subjects_file), "--quiet", "--out"]
    assert main([*words, str(tmp_path / "with"), "--cluster", scheduler]) == 0
    assert used
    assert main([*words, str(tmp_path / "without")]) == 0
    first, second = (tmp_path / name / "predictions.csv" for name in ("with", "without"))
    assert first.read_bytes() == second.read_bytes()


def test_large_parts_are_packed_once_and_small_ones_with_the_call():
    large, packer = np.arange(MIN_PART_BYTES, dtype=np.int64), TaskPacker()
    shared = SentOnce([large, "text"])
    tasks = [packer.pack(lambda s, i, a: (s.value[1], i, a is s.value[0]), (shared, i, large), {}) for i in range(3)]
    assert {len(task.large) for task in tasks} == {1}
    assert {len(task.call) < 5000 for task in tasks} == {True}
    assert len(packer.parts) == 2
    for i, task in enumerate(tasks):
        assert run_task(*task, [packer.parts[key] for key in task.large]) == ("text", i, True)


@pytest.fixture
def used(monkeypatch):
    """A list that grows with each use of a cluster."""
    used = []
    real = _cluster.Cluster.map
    monkeypatch.setattr(_cluster.Cluster, "map", lambda self, calls: used.append(1) or real(self, calls))
    return used


def test_the_command_check_and_a_scheduler_file(scheduler, used, tmp_path, fer22_folder, subjects_file):
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": scheduler}))
    command = f"check --pipeline landmarks_lda --set calibration_cv=0 --permutations 19 --data {fer22_folder}"
    words = [*command.split(), "--subjects", str(subjects_file), "--quiet", "--out"]
    assert main([*words, str(tmp_path / "with"), "--cluster", str(file)]) == main([*words, str(tmp_path / "without")])
    assert used
    first, second = (json.loads((tmp_path / name / "check.json").read_text()) for name in ("with", "without"))
    assert first["checks"] == second["checks"]


def test_an_interrupted_extraction_continues_on_the_cluster(
    scheduler, used, tmp_path, fer22_folder, subjects_file, monkeypatch, capsys
):
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 5)
    words = ["extract", "--pipeline", "landmarks_ridge", "--data", str(fer22_folder), "--subjects", str(subjects_file)]
    words += ["--pca", "4", "--quiet", "--out"]
    assert main([*words, str(tmp_path / "expected")]) == 0
    add = ShardFolder.add

    def interrupt(self, number, *block):
        add(self, number, *block)
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(ShardFolder, "add", interrupt)
    on_cluster = [*words, str(tmp_path / "out"), "--cluster", scheduler]
    assert main(on_cluster) == 130
    assert "complete blocks are kept in" in capsys.readouterr().err
    assert len(list((tmp_path / "out").glob("*.npy"))) == 2
    monkeypatch.setattr(ShardFolder, "add", add)
    assert main(on_cluster) == 0
    assert used
    for path in (tmp_path / "expected").glob("[!.]*"):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()
