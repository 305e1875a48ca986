"""The data set 'demo': the synthetic sequences as samples."""

from fer_features import load_dataset
from fer_features.expressions import FER22_CLASSES


def test_demo_has_360_sequences_with_hidden_test_labels():
    X = load_dataset("demo")
    train, test = X[X["split"] == "train"], X[X["split"] == "test"]
    assert (len(train), len(test)) == (288, 72)
    assert set(train.label_codes) == set(range(6))
    assert set(test.label_codes) == {-1}
    assert not set(train["subject"]) & set(test["subject"])
    assert test["id"].tolist() == list(range(72))
    assert (X.info.classes, X.info.subjects_from, X.info.synthetic) == (FER22_CLASSES, "dataset", True)


def test_demo_is_generated_once_per_process():
    assert load_dataset("demo") is load_dataset()
