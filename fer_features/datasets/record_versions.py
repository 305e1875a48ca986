"""One version of each recording, where a data set has several: original and cropped, with and without sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .file_records import Record


def one_version_each(
    records: Sequence[Record], versions: Mapping[str, Sequence[str]], notes: list[str]
) -> list[Record]:
    """Records without further versions of the same recording, which would be duplicates.

    Parameters
    ----------
    records : sequence of Record
    versions : mapping of str to sequence of str
        Annotation in `Record.extra` that names the version -> its values, the preferred one first. Records that agree
        in all other annotations are versions of one recording.
    notes : list of str
        Receives the number of records that are not used.

    Returns
    -------
    list of Record

    Examples
    --------
    >>> from pathlib import Path
    >>> records = [
    ...     Record(id=name, files=(Path(name),), subject=name[0], extra={"edition": name[2:]})
    ...     for name in ("1_original", "1_cropped", "2_cropped")
    ... ]
    >>> notes = []
    >>> [record.id for record in one_version_each(records, {"edition": ("original", "cropped")}, notes)]
    ['1_original', '2_cropped']
    >>> notes
    ["1 sample(s) with edition=cropped are other versions of samples that are used; where='edition=cropped' uses them"]
    """
    kept = list(records)
    for name, order in versions.items():
        rank = {value: i for i, value in enumerate(order)}
        best: dict[tuple[object, ...], int] = {}
        for record in kept:
            key = _recording(record, name)
            best[key] = min(best.get(key, len(rank)), rank.get(record.extra[name], len(rank)))
        is_best = [rank.get(record.extra[name], len(rank)) == best[_recording(record, name)] for record in kept]
        unused = Counter(record.extra[name] for record, used in zip(kept, is_best, strict=True) if not used)
        notes += [
            f"{n} sample(s) with {name}={value} are other versions of samples that are used; "
            f"where='{name}={value}' uses them"
            for value, n in unused.items()
        ]
        kept = [record for record, used in zip(kept, is_best, strict=True) if used]
    return kept


def _recording(record: Record, version: str) -> tuple[object, ...]:
    """What the versions of a recording have in common."""
    others = tuple((name, value) for name, value in record.extra.items() if name != version)
    return record.label, record.subject, record.session, record.split, others
