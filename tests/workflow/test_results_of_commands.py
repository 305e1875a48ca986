"""Results of `search`, `check`, `compare` and `inspect_data` are shown, saved and reported like those of `evaluate`."""

import json

import numpy as np
import pytest

from fer_features import FerError, Samples, check, compare, evaluate, inspect_data, load_model, search
from fer_features.cli import check as check_command
from fer_features.cli import compare as compare_command
from fer_features.cli import inspect_data as inspect_command
from fer_features.experiment import SEARCH_OUTPUTS
from fer_features.workflow.audits import CHECK_OUTPUTS
from fer_features.workflow.comparisons import COMPARISON_OUTPUTS

from ..conftest import draw_clips, files_in, write_h5
from ..html_pages import check_page


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Options of commands for 24 labelled clips of 4 subjects."""
    root = tmp_path_factory.mktemp("data")
    _, landmarks, label, subject = draw_clips()
    write_h5(root / "fer22", "data_train_landmarks", np.rint(landmarks).astype(np.int64))
    write_h5(root / "fer22", "data_train_labels", label.astype(float))
    np.save(root / "subjects.npy", subject)
    return ["--data", str(root / "fer22"), "--subjects", str(root / "subjects.npy")]


@pytest.fixture(scope="module")
def X(data):
    from fer_features import load_dataset

    return load_dataset(data[1], subjects=data[3])


@pytest.fixture(scope="module")
def results(X):
    """One result of each function."""
    runs = [evaluate(name, X, "2fold") for name in ("landmarks_lda", "landmarks_linear")]
    return {
        "check": check("landmarks_lda", X, n_permutations=1),
        "compare": compare(runs, n_bootstrap=100),
        "inspect": inspect_data(X),
        "search": search("landmarks_lda", X, {"classifier__shrinkage": [0.1, 0.9]}, cv="2fold"),
    }


NAMES = ["check", "compare", "inspect", "search"]


@pytest.mark.parametrize("name", NAMES)
def test_results_have_a_short_and_an_html_representation(results, name):
    assert len(repr(results[name])) < 120
    assert "\n" not in repr(results[name])
    assert repr(results[name]).startswith(type(results[name]).__name__)
    assert "<table" in results[name]._repr_html_()
    assert len(results[name].to_frame())


@pytest.mark.parametrize("name", NAMES)
def test_results_have_a_report(results, name, tmp_path):
    path = results[name].report(str(tmp_path / "report.html"))
    assert path == tmp_path / "report.html"
    page = check_page(path.read_text())
    assert "fer-features " not in page.text.replace("fer-features check", "")
    with pytest.raises(FerError, match="cannot write"):
        results[name].report(tmp_path / "nowhere" / "report.html")
    assert files_in(tmp_path) == ["report.html"]


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("check", CHECK_OUTPUTS),
        ("compare", COMPARISON_OUTPUTS),
        ("search", set(SEARCH_OUTPUTS) - {"submission.csv", "model.skops"}),
    ],
)
def test_results_are_saved_completely_and_replaced_on_request(results, name, outputs, tmp_path):
    assert results[name].save(tmp_path / "out") == tmp_path / "out"
    assert files_in(tmp_path / "out") == sorted(set(outputs) - {"test_predictions.csv"})
    with pytest.raises(FerError, match=r"is not empty: .* overwrite=True"):
        results[name].save(tmp_path / "out")
    results[name].save(tmp_path / "out", overwrite=True)
    (tmp_path / "written").mkdir()
    one = results[name].experiment if name == "search" else results[name]
    one.write(tmp_path / "written")
    assert files_in(tmp_path / "written") == files_in(tmp_path / "out")


def test_the_best_candidate_is_evaluated_and_fitted_once(results, X, tmp_path):
    found = results["search"]
    assert found.experiment is found.experiment
    assert found.experiment.accuracy == evaluate(found.model, X, "2fold").accuracy
    found.save(tmp_path / "out")
    assert (
        load_model(tmp_path / "out").get_params()["classifier__shrinkage"] == found.best_params["classifier__shrinkage"]
    )


def text_of(path):
    """Text of a page without the section that only a command has."""
    return (
        check_page(path.read_text()).text.split("fer-features ")[0].removesuffix("Reproduce").replace("Reproduce", "")
    )


def test_commands_write_what_the_results_save(results, X, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_command.main(["--pipeline", "landmarks_lda", *data, "--permutations", "19", "--out", "check"]) in (
        0,
        1,
    )
    check("landmarks_lda", X, n_permutations=19).save("saved")
    command, saved = (json.loads((tmp_path / name / "check.json").read_text()) for name in ("check", "saved"))
    assert command.pop("command")["permutations"] == 19
    assert command == saved
    for name, result in (("first", "landmarks_lda"), ("second", "landmarks_linear")):
        evaluate(result, X, "2fold").save(name)
    assert compare_command.main(["first", "second", "--n-bootstrap", "100", "--out", "compared"]) == 0
    compare(["first", "second"], n_bootstrap=100).save("saved comparison")
    for name in ("comparison.json", "comparison.md"):
        assert (tmp_path / "compared" / name).read_text() == (tmp_path / "saved comparison" / name).read_text()
    assert inspect_command.main([data[1], *data[2:], "--out", "command.html"]) == 0
    results["inspect"].report("function.html")
    assert (tmp_path / "command.html").read_text() == (tmp_path / "function.html").read_text()


@pytest.mark.parametrize("status", ["pass", "warning", "fail", "skipped"])
def test_checks_are_counted_and_listed_by_status(results, status):
    result = results["check"]
    listed = [one.name for one in result if one.status == status]
    assert result.counts[status] == len(listed)
    assert result.to_frame().index[result.to_frame()["status"] == status].tolist() == listed
    assert sum(result.counts.values()) == len(result) == 12
    assert str(result).count("\n") == 11


def test_each_check_is_passed_on_as_soon_as_it_is_known(X):
    seen = []

    class Stopped(Exception):
        pass

    def stop(one):
        seen.append(one)
        if len(seen) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        check("landmarks_lda", X, on_check=stop)
    assert len(seen) == 2


def test_absent_columns_are_refused_before_the_first_check(X):
    with pytest.raises(FerError, match="'images' is needed"):
        check("hog_svm", X, on_check=pytest.fail)


def test_progress_is_shown_if_verbose(X, monkeypatch, capsys):
    monkeypatch.setattr("fer_features._progress.LOG_INTERVAL_SECONDS", -1.0)
    monkeypatch.setattr("fer_features._progress.DELAY_SECONDS", 0.0)
    images = Samples.from_arrays(images=np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8))
    grid = {"classifier__shrinkage": [0.1, 0.9]}
    for call, text in (
        (lambda **options: search("landmarks_lda", X, grid, cv="2fold", **options), "fits"),
        (lambda **options: check("landmarks_lda", X, n_permutations=1, **options), "permuted labels"),
        (lambda **options: inspect_data(images, **options), "computing grey levels"),
    ):
        call()
        assert capsys.readouterr().err == ""
        call(verbose=True)
        assert text in capsys.readouterr().err
