"""Names in figures are shown as they are."""

import numpy as np
import pytest

from fer_features import DataInfo, Samples, compare, evaluate
from fer_features.plotting.comparison import draw_comparison
from fer_features.plotting.confusion_matrix import draw_confusion_matrix

NAME = r"a$b_{$^2 \x%&"


@pytest.fixture(scope="module")
def results():
    landmarks, label = np.random.default_rng(0).normal(0, 1, (24, 2, 68, 2)) * 20 + 100, np.arange(24) % 2
    X = Samples.from_arrays(
        landmarks=landmarks,
        label=label,
        subject=np.arange(24) // 6,
        info=DataInfo(dataset=f"<b>|*{NAME}", classes=(NAME, "joy")),
    )
    return [evaluate("landmarks_lda", X, 2, name=f"{NAME} {i}") for i in range(3)]


def test_names_with_dollar_signs_are_no_formulas(results, tmp_path):
    draw_confusion_matrix(results[0].scores, tmp_path / "confusion.png")
    draw_comparison(compare(results), tmp_path / "comparison.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_names_are_escaped_in_markdown(results):
    first = compare(results).to_markdown().splitlines()[0]
    assert first.startswith(r"\<b\>\|\*a$b\_\{$^2 \\x%&: 24 samples")
