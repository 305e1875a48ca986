"""Names and codes of expressions: the coding of each data set, and parsing of class names."""

#: The fer22 challenge: codes 0..5 in `data_train_labels.h5` and in submissions.
FER22_CLASSES: tuple[str, ...] = ("joy", "fear", "surprise", "anger", "disgust", "sadness")

#: FER2013: codes 0..6 in the column 'emotion' and in submissions.
FER2013_CLASSES: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: FER+: codes 0..7 in the order of the vote columns of `fer2013new.csv`.
FERPLUS_CLASSES: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)

#: Folders named by class: the codes of FER2013, and contempt, which some collections have.
FOLDER_CLASSES: tuple[str, ...] = (*FER2013_CLASSES, "contempt")

#: Class of `FOLDER_CLASSES` -> names in use; those of two letters are from JAFFE and KDEF.
EXPRESSION_SYNONYMS: dict[str, tuple[str, ...]] = {
    "angry": ("angry", "anger", "an"),
    "disgust": ("disgust", "disgusted", "di"),
    "fear": ("fear", "fearful", "afraid", "scared", "fe", "af"),
    "happy": ("happy", "happiness", "joy", "joyful", "smile", "ha"),
    "sad": ("sad", "sadness", "sa"),
    "surprise": ("surprise", "surprised", "su"),
    "neutral": ("neutral", "neutrality", "ne"),
    "contempt": ("contempt", "contemptuous"),
}


def parse_expression(name: str) -> int | None:
    """Parse the name of an expression.

    Parameters
    ----------
    name : str
        A class or one of its `EXPRESSION_SYNONYMS`, in any case and with or without a leading number.

    Returns
    -------
    int or None
        Code in `FOLDER_CLASSES`; None for another name.

    Examples
    --------
    >>> [parse_expression(name) for name in ("Happiness", "JOY", "3_happy", "03 - happy")]
    [3, 3, 3, 3]
    >>> parse_expression("background") is None
    True
    """
    word = name.strip().lower().lstrip("0123456789").strip(" _-.")
    for code, expression in enumerate(FOLDER_CLASSES):
        if word in EXPRESSION_SYNONYMS[expression]:
            return code
    return None
