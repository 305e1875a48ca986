"""Presets: pipeline specifications with parameters."""

import pytest

from fer_features import make_pipeline
from fer_features.presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_a_specification_with_parameters(name):
    preset, model = PRESETS[name], make_pipeline(name, random_state=3)
    assert repr(model) == repr(make_pipeline(preset.specification, random_state=3, **preset.params))
    assert all(f"{key}=" in str(preset) for key in preset.params)
    assert preset.specification in str(preset)


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_of_a_preset_can_be_overridden(name):
    key, value = next(
        item for item in PRESETS[name].params.items() if "__" in item[0]
    )  # twice a tuple has twice the length
    assert make_pipeline(name, **{key: 2 * value}).get_params()[key] == 2 * value


def test_preset_of_a_preset_changes_only_its_own_parameters():
    medium, base = make_pipeline("medium").get_params(), make_pipeline("stills").get_params()
    changed = {
        key for key, value in base.items() if isinstance(value, int | float | str | tuple) and medium[key] != value
    }
    assert changed == set(PRESETS["medium"].params)
