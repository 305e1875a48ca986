"""Tests of the rules for predefined splits: which samples train, and which splits can be evaluated."""

import numpy as np

from fer_features import Samples
from fer_features.samples.splits import evaluation_splits, in_training_split, training_mask


def test_training_samples_are_the_labelled_ones_of_the_training_split():
    label = np.array([0, 1, -1, 0, 1])
    split = np.array(["train", "test", "train", "train", "validation"])
    assert training_mask(Samples.from_arrays(label=label, split=split)).tolist() == [True, False, False, True, False]
    assert training_mask(Samples.from_arrays(label=label)).tolist() == [True, True, False, True, True]
    only_test = Samples.from_arrays(label=label, split=np.full(5, "test"))
    assert training_mask(only_test).tolist() == [True, True, False, True, True]
    named = Samples.from_arrays(label=["joy", "fear", "", "joy", "fear"], split=split)
    assert training_mask(named).tolist() == [True, False, False, True, False]


def test_the_training_split_contains_its_unlabelled_samples():
    split = np.array(["train", "test", "train"])
    assert in_training_split(Samples.from_arrays(label=[0, 1, -1], split=split)).tolist() == [True, False, True]
    assert in_training_split(Samples.from_arrays(label=[0, 1, -1])).all()


def test_splits_can_be_evaluated_where_there_is_a_training_split():
    assert evaluation_splits(np.array(["test", "train", "validation"])) == ("validation", "test")
    assert evaluation_splits(np.array(["train", "test", ""])) == ("test",)
    assert evaluation_splits(np.array(["test", "validation"])) == ()
    assert evaluation_splits(None) == ()
