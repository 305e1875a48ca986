"""The journal of a search: an interrupted search continues and ends as an uninterrupted one."""

import json

import pytest

from fer_features import FerError, make_pipeline, search
from fer_features.model_selection.fit_and_score import CandidateFit
from fer_features.model_selection.journal import FitKey, Journal
from fer_features.model_selection.search import Search

from .clips_table import clips_table, without_times

MODEL = make_pipeline("landmarks_lda")
GRID = {"features__landmarks__n_apex_frames": [1, 3], "classifier__shrinkage": [0.1, 0.5, 0.9]}
OPTIONS = {"cv": "2fold", "nested": "3fold"}
N_FITS = 6 * 2 * (1 + 3) + 3


@pytest.fixture(scope="module")
def uninterrupted():
    return search(MODEL, clips_table(), GRID, **OPTIONS)


class Interruption(Exception):
    pass


@pytest.mark.parametrize("n_done", [1, 17, N_FITS])
def test_an_interrupted_search_continues_and_ends_as_an_uninterrupted_one(tmp_path, uninterrupted, n_done):
    steps = 0

    def interrupt():
        nonlocal steps
        steps += 1
        if steps == n_done:
            raise Interruption

    journal = tmp_path / "journal.jsonl"
    with pytest.raises(Interruption):
        Search(MODEL, clips_table(), GRID, **OPTIONS).run(journal=journal, on_step=interrupt)
    assert len(journal.read_text().splitlines()) == 1 + n_done
    with open(journal, "a") as file:
        file.write('{"outer_fold": "all", "cand')  # as left by a process that was killed while writing
    continued = search(MODEL, clips_table(), GRID, journal=journal, **OPTIONS)
    assert without_times(continued) == without_times(uninterrupted)
    assert (continued.n_resumed, continued.n_fits, uninterrupted.n_fits) == (n_done, N_FITS, N_FITS)
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    assert len({(e["outer_fold"], e["candidate"], e["fold"]) for e in lines}) == len(lines) == N_FITS
    finished = search(MODEL, clips_table(), GRID, journal=journal, **OPTIONS)
    assert without_times(finished) == without_times(uninterrupted)
    assert (finished.n_resumed, finished.n_features_computed) == (N_FITS, 0)


def test_the_journal_of_another_search_is_refused(tmp_path):
    journal, X = tmp_path / "journal.jsonl", clips_table()
    grid = {"classifier__shrinkage": [0.1, 0.5]}
    search(MODEL, X, grid, cv="2fold", journal=journal)
    other_grid, other_data = {"classifier__shrinkage": [0.1, 0.3]}, clips_table(seed=9)
    other_model = make_pipeline("landmarks_lda", features__landmarks__n_apex_frames=1)
    other_subjects = X.with_columns(subject=(X["subject"] + 1) % 5)
    for arguments, cv, message in (
        ((MODEL, X, grid), "3fold", "different cv"),
        ((MODEL, X, other_grid), "2fold", "different candidates"),
        ((MODEL, other_data, grid), "2fold", "different data"),
        ((other_model, X, grid), "2fold", "different parameters"),
        ((MODEL, other_subjects, grid), "2fold", "different subjects"),
    ):
        with pytest.raises(FerError, match=message):
            search(*arguments, cv=cv, journal=journal)
    assert search(MODEL, X, grid, cv="2fold", journal=journal).n_resumed == 4


@pytest.mark.parametrize(
    "content",
    ["something else\n", "notes without a line end", "{}\n{}\n", '{}\n{"outer_fold": 1}\n', "3\n", "[]\n[1]\n"],
)
def test_damaged_journals_are_refused_in_one_line(tmp_path, content):
    journal = tmp_path / "journal.jsonl"
    journal.write_text(content)
    with pytest.raises(FerError, match=r"not the journal of a search|journal of another search") as error:
        search(MODEL, clips_table(), GRID, cv="2fold", journal=journal)
    assert "\n" not in str(error.value)
    assert journal.read_text() == content


def test_two_searches_do_not_write_one_journal(tmp_path):
    journal, X, grid = tmp_path / "journal.jsonl", clips_table(), {"classifier__shrinkage": [0.1, 0.5]}

    def search_at_the_same_time():
        with pytest.raises(FerError, match="another process is writing"):
            search(MODEL, X, grid, cv="2fold", journal=journal)

    Search(MODEL, X, grid, cv="2fold").run(journal=journal, on_step=search_at_the_same_time)


def test_fits_are_equal_after_writing_and_reading(tmp_path):
    path = tmp_path / "journal.jsonl"
    fits = {
        FitKey("all", 0, 0): CandidateFit(0.1, 0.2, 0.3, 0.01),
        FitKey("outer 1", 2, -1): CandidateFit(0.1, 0.2, 0.3, 0.01, predicted=(0, 2, 1)),
        FitKey("all", 1, 0): CandidateFit(error="C must be above 0"),
    }
    journal = Journal(path, {"seed": 0})
    for key, fit in fits.items():
        journal.add(key, fit)
    journal.close()
    again = Journal(path, {"seed": 0})
    again.close()
    assert again.n_resumed == 3
    assert {key: repr(fit) for key, fit in again.results.items()} == {key: repr(fit) for key, fit in fits.items()}


def test_a_time_limit_ends_the_search_after_a_complete_candidate(tmp_path, uninterrupted):
    journal = tmp_path / "journal.jsonl"
    limited = search(MODEL, clips_table(), GRID, time_limit=1e-9, journal=journal, **OPTIONS)
    assert not limited.finished
    assert limited.table["mean"].notna().tolist() == [True]
    assert len(limited.nested.folds) == 3
    assert "the time limit ended the search" in str(limited)
    continued = search(MODEL, clips_table(), GRID, time_limit=60, journal=journal, **OPTIONS)
    assert continued.finished
    assert without_times(continued) == without_times(uninterrupted)
