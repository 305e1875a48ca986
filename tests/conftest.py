"""Fixtures that several test modules use: real data where it is at hand, a small demo everywhere."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def kdef():
    """Real faces: KDEF frontal photographs with landmarks, skipped where they are not at hand."""
    path = SHARED / "kdef_frontal.npz"
    if not path.exists():
        pytest.skip("the KDEF photographs are not beside the project; tests on real faces are skipped")
    return np.load(path)
