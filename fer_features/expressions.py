"""Names and codes of expressions, in each data set's own coding."""

#: The fer22 challenge: codes 0..5 in `data_train_labels.h5` and in submissions.
FER22: tuple[str, ...] = ("joy", "fear", "surprise", "anger", "disgust", "sadness")

#: FER2013: codes 0..6 in the column 'emotion' and in submissions.
FER2013: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: FER+: the order of the columns of votes in `fer2013new.csv`.
FERPLUS: tuple[str, ...] = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")

#: Folders named by class: FER2013's codes, and contempt, which some collections show.
FOLDERS: tuple[str, ...] = (*FER2013, "contempt")

#: What people call the classes of `FOLDERS`; the two letters are those of JAFFE and KDEF.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "angry": ("angry", "anger", "an"),
    "disgust": ("disgust", "disgusted", "di"),
    "fear": ("fear", "fearful", "afraid", "scared", "fe", "af"),
    "happy": ("happy", "happiness", "joy", "joyful", "smile", "ha"),
    "sad": ("sad", "sadness", "sa"),
    "surprise": ("surprise", "surprised", "su"),
    "neutral": ("neutral", "neutrality", "ne"),
    "contempt": ("contempt", "contemptuous"),
}


def code_of(name: str) -> int | None:
    """Code in `FOLDERS` of the class that a name means, or None.

    Any case will do, and a number before the name: 'Happiness', 'JOY', '3_happy', '03 - happy' are all 3.
    """
    word = name.strip().lower().lstrip("0123456789").strip(" _-.")
    for code, known in enumerate(FOLDERS):
        if word in SYNONYMS[known]:
            return code
    return None
