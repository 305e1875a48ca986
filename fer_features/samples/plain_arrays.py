"""Plain arrays in place of tables, so that extractors can be used without `Samples`."""

from __future__ import annotations

from typing import Any

from ..exceptions import FerError
from .table import Samples


def as_samples(X: Any, required_columns: tuple[str, ...]) -> Samples:
    """`X` itself if it is `Samples`; a plain array as the one required column.

    Raises
    ------
    FerError
        Where a column is absent, or a plain array is given and several columns are required.
    """
    if isinstance(X, Samples):
        for name in required_columns:
            X.column(name)
        return X
    if len(required_columns) != 1:
        raise FerError(
            f"a plain array cannot replace the columns {' and '.join(required_columns)}: "
            "pass Samples.from_arrays(" + ", ".join(f"{name}=..." for name in required_columns) + ")"
        )
    return Samples({required_columns[0]: X})
