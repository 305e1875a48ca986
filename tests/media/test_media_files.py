"""Natural order of the names of files."""

import numpy as np
import pytest

from fer_features.media.media_files import natural_sort_key


@pytest.mark.parametrize("seed", range(3))
def test_order_of_names_does_not_depend_on_their_first_order(seed):
    """Also that of frames whose numbers are equal, or have digits of other scripts, or thousands of digits."""
    names = ["", "1", "01", "001", "a1", "a01", "a1b", "a2", "a10", "1²2", "²", "٣", "9" * 5000, "1" + "0" * 5000]
    shuffled = np.random.default_rng(seed).permutation(names).tolist()
    assert sorted(shuffled, key=natural_sort_key) == sorted(names, key=natural_sort_key)
    numbers = [str(number) for number in range(0, 12_000, 7)]
    assert sorted(sorted(numbers), key=natural_sort_key) == numbers
