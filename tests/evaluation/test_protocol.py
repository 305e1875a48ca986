"""Folds keep every subject on one side; data that cannot bear a protocol is refused in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.evaluation import choose_protocol

RNG = np.random.default_rng(0)
LABEL = np.tile(np.arange(3), 40)
SUBJECT = np.repeat(np.arange(12), 10)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["loso", "2fold", "5fold", "10fold"]), st.integers(0, 99), st.integers(10, 20), st.integers(0, 9)
)
def test_no_subject_on_both_sides_and_every_row_judged_once(cv, draw, n_subjects, seed):
    rng = np.random.default_rng(draw)
    subject = rng.permutation(np.repeat(np.arange(n_subjects), 6))
    label = np.empty(subject.size, int)
    for s in range(n_subjects):
        label[subject == s] = rng.permutation([0, 0, 1, 1, 2, 2])
    folds = list(choose_protocol(cv, label, subject, seed=seed).split(label, subject))
    for train, test in folds:
        assert not set(subject[train]) & set(subject[test])
        assert len(train) + len(test) == len(label)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(label)))


def test_default_is_loso_up_to_30_subjects_and_10_folds_above():
    for n, name in ((30, "loso"), (31, "10fold")):
        subject = np.repeat(np.arange(n), 2)
        assert choose_protocol(None, np.tile([0, 1], n), subject).name == name


def test_without_subjects_folds_are_not_grouped_and_say_so():
    protocol = choose_protocol(None, LABEL, None)
    assert not protocol.grouped
    assert "NOT grouped" in str(protocol)
    assert protocol.n_folds == 10


def test_repeats_draw_other_folds_and_a_seed_the_same():
    protocol = choose_protocol("5fold", LABEL, SUBJECT, repeats=2, seed=3)
    folds = [sorted(test.tolist()) for _, test in protocol.split(LABEL, SUBJECT)]
    assert len(folds) == 10
    assert sorted(folds[:5]) != sorted(folds[5:])
    assert folds == [sorted(test.tolist()) for _, test in protocol.split(LABEL, SUBJECT)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("loso", np.zeros(10, int), np.arange(10), ("joy",)), "1 class, 'joy'"),
        (("loso", np.tile([0, 1], 5), np.zeros(10, int)), "one subject"),
        (("5fold", np.tile([0, 1], 5), np.zeros(10, int)), "one subject"),
        (("leave", LABEL, SUBJECT), "no protocol 'leave'"),
        (("1fold", LABEL, SUBJECT), "at least 2 folds"),
        (("loso", LABEL, None), "needs subjects"),
        (("loso", LABEL, SUBJECT, (), 2), "repeats need k folds"),
        (("5fold", LABEL, SUBJECT, (), 0), "repeats is 0"),
        (("5fold", np.r_[0, 0, 0, 1, 1, 1], np.arange(6), ("joy", "fear")), "'joy' is shown by 3 subject.*3fold"),
        (("loso", np.r_[0, 0, 0, 1, 1], np.r_[0, 1, 2, 2, 2], ("joy", "fear")), "'fear' is shown by 1 subject"),
        (("10fold", np.r_[np.zeros(20, int), 1, 1], None), "class '1' has 2 row"),
    ],
)
def test_what_data_cannot_bear_is_refused_in_one_line(arguments, words):
    with pytest.raises(FerError, match=words) as caught:
        choose_protocol(*arguments)
    assert "\n" not in str(caught.value)
