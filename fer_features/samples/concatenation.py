"""Concatenation of tables, such as two data sets in one coding."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import FerError
from .columns import Column, ConcatenatedColumn
from .data_info import DataInfo
from .groups import known_subjects

if TYPE_CHECKING:
    from .table import Samples


def concatenate_columns(
    tables: Sequence[Samples], prefixes: Sequence[str] | None = None
) -> tuple[dict[str, Any], DataInfo]:
    """Columns and metadata of several tables one after another; `Samples.concat` describes the parameters."""
    if not tables:
        raise FerError("concat needs at least one table")
    if prefixes is not None and len(prefixes) != len(tables):
        raise FerError(f"concat of {len(tables)} tables needs as many prefixes, not {len(prefixes)}")
    _check_fit(tables, prefixes)
    columns: dict[str, Any] = {}
    for name in tables[0].columns:
        if any(np.ndim(table.column(name)) > 1 for table in tables):
            views: list[Column] = [table.column_view(name) for table in tables]
            columns[name] = ConcatenatedColumn(views)
            continue
        parts = [np.asarray(table.column_view(name)[:]) for table in tables]
        if prefixes is not None and name in ("subject", "id"):
            parts = [_prefixed(part, prefix) for part, prefix in zip(parts, prefixes, strict=True)]
            if name == "subject":
                _check_distinct(parts)
        columns[name] = _joined_values(parts)
    return columns, _joined_info([table.info for table in tables])


def _check_fit(tables: Sequence[Samples], prefixes: Sequence[str] | None) -> None:
    first = tables[0]
    for i, table in enumerate(tables[1:], 1):
        differing = sorted(set(first.columns) ^ set(table.columns))
        if differing:
            raise FerError(f"tables 0 and {i} differ in the columns {', '.join(differing)}: all need the same")
        if first.info.classes != table.info.classes:
            names = [", ".join(info.classes) or "none" for info in (first.info, table.info)]
            raise FerError(f"tables 0 and {i} differ in class names: {names[0]}; and {names[1]}")
        for name in first.columns:
            one, other = np.shape(first.column(name)), np.shape(table.column(name))
            fit = len(one) == len(other) and (one[1:2] if name == "images" else one[1:]) == (
                other[1:2] if name == "images" else other[1:]
            )
            if not fit:
                raise FerError(f"tables 0 and {i} differ in the shape of {name}: {one[1:]} and {other[1:]} per sample")
    if prefixes is None and "subject" in first:
        _check_subjects(tables)


def _check_subjects(tables: Sequence[Samples]) -> None:
    """Refuse equal subject ids in tables of different data sets."""
    dataset_of: dict[str, str] = {}
    for table in tables:
        subject = np.asarray(table["subject"])
        for name in np.unique(subject[known_subjects(subject)].astype(str)):
            dataset = dataset_of.setdefault(str(name), table.info.dataset)
            if dataset != table.info.dataset:
                raise FerError(
                    f"subject {name} occurs in '{dataset}' and in '{table.info.dataset}': "
                    "give prefixes, one for each table, if these are different persons"
                )


def _check_distinct(parts: Sequence[np.ndarray]) -> None:
    """Refuse prefixes that give subjects of several tables the same id, such as a and a1 for subjects 11 and 1."""
    known: set[str] = set()
    for part in parts:
        names = {str(name) for name in part[known_subjects(part)]}
        if known & names:
            raise FerError(f"with the prefixes, subject {min(known & names)} occurs in several tables: change a prefix")
        known |= names


def _prefixed(values: np.ndarray, prefix: str) -> np.ndarray:
    text = values.astype(str).astype(object)
    known = known_subjects(values)
    text[known] = prefix + text[known]
    return text


def _joined_values(parts: list[np.ndarray]) -> np.ndarray:
    """Values one after another: numbers as numbers, all else as text."""
    if all(part.dtype.kind in "iufb" for part in parts) or len({part.dtype.kind for part in parts}) == 1:
        return np.concatenate(parts)
    return np.concatenate([part.astype(str).astype(object) for part in parts])


def _joined_info(infos: list[DataInfo]) -> DataInfo:
    def different(values: list[str]) -> list[str]:
        return list(dict.fromkeys(value for value in values if value))

    sources = {info.subjects_from for info in infos}
    confidences = [info.subjects_confidence for info in infos if info.subjects_confidence is not None]
    return dataclasses.replace(
        infos[0],
        dataset="+".join(different([info.dataset for info in infos])),
        source=", ".join(different([info.source for info in infos])),
        licence="; ".join(different([info.licence for info in infos])),
        subjects_from=sources.pop() if len(sources) == 1 else "inferred" if "inferred" in sources else "arrays",
        subjects_confidence=min(confidences, default=None),
        leakage="; ".join(different([info.leakage for info in infos])),
        synthetic=any(info.synthetic for info in infos),
        cropped=all(info.cropped for info in infos),
        notes=tuple(different([note for info in infos for note in info.notes])),
        files=infos[0].files if all(info.files == infos[0].files for info in infos) else {},
    )
