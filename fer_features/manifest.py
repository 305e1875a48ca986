"""The manifest of a saved model: what it predicts, from which data, and with which versions it was fitted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ._serialization import from_jsonable, to_jsonable
from .exceptions import FerError

#: Version of the file format.
MANIFEST_FORMAT = 2


@dataclasses.dataclass(frozen=True)
class ModelManifest:
    """Manifest of a saved model.

    Attributes
    ----------
    pipeline : str
        Pipeline specification, or the name of the class of another estimator.
    classes : dict of str to str
        Name of each class by its label in ``model.classes_``.
    parameters : dict
        Parameters of the pipeline.
    data : dict
        Description of the training data.
    scores : dict
        Scores of the evaluation.
    reject_threshold : float or None
        Probability below which a prediction is 'uncertain'.
    required_columns : tuple of str
        Columns of `Samples` that the model reads.
    sha256 : dict of str to str
        SHA-256 digest of the model file in each format, 'joblib' or 'skops'. A model that was converted has both.
    versions : dict of str to str
        Versions of the packages that the predictions depend on.
    date : str
        Time of saving, in ISO 8601 format.
    format : int
        Version of the file format.
    metadata : dict
        Further values. In the file they are stored next to the fields above.

    Raises
    ------
    FerError
        For a threshold outside of [0, 1], or class names that are empty or not distinct.
    """

    pipeline: str
    classes: dict[str, str]
    required_columns: tuple[str, ...]
    sha256: dict[str, str]
    versions: dict[str, str]
    date: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    scores: dict[str, Any] = dataclasses.field(default_factory=dict)
    reject_threshold: float | None = dataclasses.field(default=None, metadata={"omit_none": True})
    format: int = MANIFEST_FORMAT
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reject_threshold is not None and not 0 <= self.reject_threshold <= 1:
            raise FerError(f"'reject_threshold' is {self.reject_threshold}: a probability in [0, 1] is needed")
        names = list(self.classes.values())
        if len(set(names)) < len(names) or "" in names:
            raise FerError(f"'classes' contains the names {', '.join(map(repr, names))}: distinct names are needed")

    @classmethod
    def from_metadata(
        cls, values: Mapping[str, Any], required_columns: tuple[str, ...], versions: dict[str, str], date: str
    ) -> ModelManifest:
        """Create the manifest of a model that is about to be saved, without its hash.

        Parameters
        ----------
        values : mapping
            Fields of the manifest and further metadata.
        required_columns : tuple of str
        versions : dict of str to str
        date : str

        Raises
        ------
        FerError
            If the values set a field that `save_model` determines itself, or JSON cannot represent them.
        """
        computed = {"required_columns": list(required_columns), "versions": versions, "date": date, "sha256": {}}
        reserved = sorted({*computed, "format", "metadata"} & set(values))
        if reserved:
            raise FerError(f"the metadata of a model must not contain {', '.join(reserved)}: save_model sets them")
        try:
            plain = json.loads(json.dumps(to_jsonable(dict(values))))
        except (TypeError, ValueError) as error:
            raise FerError(f"the metadata of a model cannot be written as JSON ({error})") from error
        return _from_values({**plain, **computed})

    def to_json(self) -> str:
        """Return the manifest as text. `from_json` reads it."""
        values = to_jsonable(self)
        metadata = values.pop("metadata")
        return json.dumps({"format": values.pop("format"), **values, **metadata}, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelManifest:
        """Read a manifest.

        Raises
        ------
        FerError
            If the text is not JSON, a field is missing, a value has another type, or the version of the file format is
            another one. The message is one line and names the field.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FerError(f"it is not valid JSON ({_one_line(error)})") from error
        return _from_values(values)


def check_manifest_format(values: Any) -> None:
    """Raise `FerError`, with what to do, for the content of a manifest in another version of the file format.

    Parameters
    ----------
    values : object
        Parsed JSON.
    """
    found = values.get("format", MANIFEST_FORMAT) if isinstance(values, dict) else MANIFEST_FORMAT
    if type(found) is int and found > MANIFEST_FORMAT:
        raise FerError(f"'format' is {found}, and {MANIFEST_FORMAT} is needed: install a later version of fer_features")
    if type(found) is int and found < MANIFEST_FORMAT:
        advice = "train again, or install the version of fer_features that saved the model"
        raise FerError(f"'format' is {found}, and {MANIFEST_FORMAT} is needed: {advice}")


def is_json_ready(value: Any) -> bool:
    """Whether JSON can represent a value. NumPy scalars count as numbers, and dataclasses as objects.

    Examples
    --------
    >>> is_json_ready({"C": 1.5}), is_json_ready(object())
    (True, False)
    """
    try:
        json.dumps(to_jsonable(value))
    except (TypeError, ValueError):
        return False
    return True


def _from_values(values: Any) -> ModelManifest:
    if not isinstance(values, dict):
        raise FerError(f"it contains a {type(values).__name__} instead of an object")
    check_manifest_format(values)
    names = {field.name for field in dataclasses.fields(ModelManifest)} - {"metadata"}
    fields = {name: value for name, value in values.items() if name in names}
    metadata = {name: value for name, value in values.items() if name not in names}
    try:
        return from_jsonable(ModelManifest, {**fields, "metadata": metadata})
    except ValueError as error:
        raise FerError(_one_line(error)) from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
