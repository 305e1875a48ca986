"""Folds separate subjects; data that do not allow a protocol are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features import FerError
from fer_features.evaluation import choose_protocol
from fer_features.evaluation.protocol import reported_predictions

LABEL = np.tile(np.arange(3), 40)
SUBJECT = np.repeat(np.arange(12), 10)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["loso", "2fold", "5fold", "10fold", 3]), st.integers(0, 99), st.integers(10, 20), st.integers(0, 9)
)
def test_folds_separate_subjects_and_test_every_sample_once(cv, data_seed, n_subjects, seed):
    rng = np.random.default_rng(data_seed)
    subject = rng.permutation(np.repeat(np.arange(n_subjects), 6))
    label = np.empty(subject.size, int)
    for s in range(n_subjects):
        label[subject == s] = rng.permutation([0, 0, 1, 1, 2, 2])
    folds = list(choose_protocol(cv, label, subject, seed=seed).split(label, subject))
    for train, test in folds:
        assert not set(subject[train]) & set(subject[test])
        assert len(train) + len(test) == len(label)
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(label)))


@pytest.mark.parametrize(("n", "name"), [(30, "loso"), (31, "10fold")])
def test_default_is_loso_up_to_30_subjects_and_10_folds_above(n, name):
    assert choose_protocol(None, np.tile([0, 1], n), np.repeat(np.arange(n), 2)).name == name


@pytest.mark.parametrize("n_subjects", [None, 40, 5])
def test_default_is_one_holdout_of_a_fifth_from_5000_samples_on(n_subjects):
    label = np.tile(np.arange(4), 1250)
    subject = None if n_subjects is None else np.arange(5000) // 4 % n_subjects
    protocol = choose_protocol(None, label, subject, n_repeats=2, seed=2**32 - 1)
    grouping = "NOT grouped by subject" if subject is None else "grouped by subject"
    assert protocol.name == "holdout"
    assert str(protocol) == f"stratified hold-out of 1/5 {grouping}, repeated 2 times, seed 4294967295"
    folds = list(protocol.split(label, subject))
    assert [len(train) + len(test) for train, test in folds] == [5000, 5000]
    assert [len(test) for _, test in folds] == pytest.approx([1000, 1000], abs=20)
    assert not np.array_equal(folds[0][1], folds[1][1])
    assert subject is None or not set(subject[folds[0][0]]) & set(subject[folds[0][1]])
    # The first of five folds, which are drawn on request.
    five = choose_protocol("5fold", label, subject, seed=2**32 - 1)
    assert len(list(five.split(label, subject))) == 5
    assert np.array_equal(next(iter(five.split(label, subject)))[1], folds[0][1])


def test_there_is_no_holdout_by_default_below_5000_samples_or_5_subjects():
    label = np.tile(np.arange(3), 2000)
    assert choose_protocol(None, label[:4998], None).name == "10fold"
    assert choose_protocol(None, label, np.arange(6000) // 3 % 4).name == "loso"
    assert choose_protocol("holdout", LABEL, SUBJECT).name == "holdout"


@pytest.mark.parametrize(("n_subjects", "name"), [(20, "10fold"), (19, "10fold"), (18, "loso")])
def test_the_default_is_not_loso_where_subjects_are_the_samples(n_subjects, name):
    subject = np.minimum(np.arange(20), n_subjects - 1)
    assert choose_protocol(None, np.tile([0, 1], 10), subject).name == name


def test_an_integer_is_a_number_of_folds():
    for k in (5, np.int64(5)):
        assert choose_protocol(k, LABEL, SUBJECT) == choose_protocol("5fold", LABEL, SUBJECT)


def split_of(**counts):
    assert sum(counts.values()) == len(LABEL)
    return np.repeat(list(counts), list(counts.values()))


@pytest.mark.parametrize("subject", [None, SUBJECT])
def test_labelled_predefined_splits_are_evaluated_by_default(subject):
    split = split_of(train=60, validation=30, test=30)
    protocol = choose_protocol(None, LABEL, subject, split=split)
    assert (protocol.name, protocol.splits, protocol.reported) == ("predefined", ("validation", "test"), "test")
    assert str(protocol) == "predefined split, trained on 'train', evaluated on 'test'"
    ((train, test),) = protocol.split(LABEL, subject, split)
    assert set(split[train]) == {"train"}
    assert np.array_equal(np.sort(np.r_[train, test]), np.arange(120))
    assert choose_protocol("predefined", LABEL, subject, split=split[::-1]) == protocol
    only_validation = split_of(train=60, validation=60)
    assert choose_protocol(None, LABEL, subject, split=only_validation).reported == "validation"


@pytest.mark.parametrize("counts", [{"train": 120}, {"test": 120}])
def test_folds_are_the_default_without_two_predefined_splits(counts):
    split = split_of(**counts)
    assert choose_protocol(None, LABEL, SUBJECT, split=split).name == "loso"
    with pytest.raises(FerError, match="no predefined split other than 'train' has labels"):
        choose_protocol("predefined", LABEL, SUBJECT, split=split)


def test_predefined_splits_that_cannot_be_evaluated():
    split = split_of(train=60, test=60)
    with pytest.raises(FerError, match="predefined splits cannot be repeated"):
        choose_protocol("predefined", LABEL, None, n_repeats=2, split=split)
    with pytest.raises(FerError, match="training split have 1 class"):
        choose_protocol("predefined", np.where(split == "train", 0, LABEL), None, split=split)


def test_reported_predictions_are_those_of_the_split_test():
    table = pd.DataFrame({"sample": range(4), "split": ["test", "validation", "test", "validation"]})
    assert reported_predictions(table)["sample"].tolist() == [0, 2]
    assert reported_predictions(table[table["split"] == "validation"])["sample"].tolist() == [1, 3]
    assert len(reported_predictions(table.drop(columns="split"))) == 4


def test_folds_without_subjects_are_reported_as_not_grouped():
    protocol = choose_protocol(None, LABEL, None)
    assert not protocol.grouped
    assert "NOT grouped" in str(protocol)
    assert protocol.n_folds == 10


def test_repeats_have_different_folds_and_equal_seeds_equal_ones():
    protocol = choose_protocol("5fold", LABEL, SUBJECT, n_repeats=2, seed=3)
    folds = [sorted(test.tolist()) for _, test in protocol.split(LABEL, SUBJECT)]
    assert len(folds) == 10
    assert sorted(folds[:5]) != sorted(folds[5:])
    assert folds == [sorted(test.tolist()) for _, test in protocol.split(LABEL, SUBJECT)]
    assert str(protocol) == "stratified 5-fold grouped by subject, repeated 2 times, seed 3"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("loso", np.zeros(10, int), np.arange(10), ("joy",)), "1 class, 'joy'"),
        (("loso", np.tile([0, 1], 5), np.zeros(10, int)), "one subject"),
        (("5fold", np.tile([0, 1], 5), np.zeros(10, int)), "one subject"),
        (("leave", LABEL, SUBJECT), "unknown cv 'leave'"),
        ((-3, LABEL, SUBJECT), "unknown cv '-3fold'"),
        (("1fold", LABEL, SUBJECT), "at least 2 folds"),
        ((True, LABEL, SUBJECT), "type bool: use a name, a number of folds"),
        (("loso", LABEL, None), "needs subjects"),
        (("loso", LABEL, SUBJECT, (), 2), "cannot be repeated"),
        (("5fold", LABEL, SUBJECT, (), 0), "n_repeats is 0"),
        (("5fold", np.r_[0, 0, 0, 1, 1, 1], np.arange(6), ("joy", "fear")), "'joy' is shown by 3 subject.*3fold"),
        (("loso", np.r_[0, 0, 0, 1, 1], np.r_[0, 1, 2, 2, 2], ("joy", "fear")), "'fear' is shown by 1 subject"),
        (("10fold", np.r_[np.zeros(20, int), 1, 1], None), "class '1' has 2 sample"),
        (("loso", np.tile([0, 1], 10), np.arange(20)), "20 subjects in 20 samples: .* use cv='10fold'"),
        (("loso", np.tile([0, 1], 10), np.minimum(np.arange(20), 18)), "19 subjects in 20 samples: .* cv='10fold'"),
        (("10fold", np.tile([0, 1], 8), np.arange(16)), "'0' is shown by 8 .* need 10: use cv='8fold' or fewer,$"),
    ],
)
def test_data_that_do_not_allow_a_protocol_are_refused_in_one_line(arguments, message):
    with pytest.raises(FerError, match=message) as error:
        choose_protocol(*arguments)
    assert "\n" not in str(error.value)
