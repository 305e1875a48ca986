"""Folds keep every subject on one side; data that cannot bear a protocol is refused in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError, Samples
from fer_features.evaluation import choose_protocol
from fer_features.evaluation.protocol import training_rows

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


def parts_of(n, **counts):
    assert sum(counts.values()) == n
    return np.repeat(list(counts), list(counts.values()))


@pytest.mark.parametrize("subject", [None, SUBJECT])
def test_official_parts_with_labels_are_judged_by_a_model_of_the_training_part(subject):
    part = parts_of(120, train=60, validation=30, test=30)
    protocol = choose_protocol(None, LABEL, subject, part=part)
    assert protocol.name == "official"
    assert protocol.parts == ("validation", "test")
    assert protocol.reported == "test"
    assert str(protocol) == "official split, fitted to the part 'train', judged on 'test'"
    ((train, judged),) = protocol.split(LABEL, subject, part)
    assert set(part[train]) == {"train"}
    assert np.array_equal(np.sort(np.r_[train, judged]), np.arange(120))
    assert choose_protocol("official", LABEL, subject, part=part[::-1]) == protocol
    assert choose_protocol(None, LABEL, subject, part=parts_of(120, train=60, validation=60)).reported == "validation"


@pytest.mark.parametrize("counts", [{"train": 120}, {"test": 120}])
def test_without_two_official_parts_the_default_is_folds(counts):
    part = parts_of(120, **counts)
    assert choose_protocol(None, LABEL, SUBJECT, part=part).name == "loso"
    with pytest.raises(FerError, match="no official part beside 'train' has labels"):
        choose_protocol("official", LABEL, SUBJECT, part=part)


def test_official_parts_that_cannot_be_judged():
    part = parts_of(120, train=60, test=60)
    with pytest.raises(FerError, match="repeats need k folds"):
        choose_protocol("official", LABEL, None, repeats=2, part=part)
    with pytest.raises(FerError, match="training part have 1 class"):
        choose_protocol("official", np.where(part == "train", 0, LABEL), None, part=part)


def test_training_rows_are_the_labelled_ones_of_the_training_part():
    label = np.array([0, 1, -1, 0, 1])
    parts = np.array(["train", "test", "train", "train", "validation"])
    assert training_rows(Samples.from_arrays(label=label, split=parts)).tolist() == [True, False, False, True, False]
    assert training_rows(Samples.from_arrays(label=label)).tolist() == [True, True, False, True, True]
    alone = Samples.from_arrays(label=label, split=np.full(5, "test"))
    assert training_rows(alone).tolist() == [True, True, False, True, True]


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
