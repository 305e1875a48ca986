"""Names and codes of expressions, in each data set's own coding."""

#: The fer22 challenge: codes 0..5 in `data_train_labels.h5` and in submissions.
FER22: tuple[str, ...] = ("joy", "fear", "surprise", "anger", "disgust", "sadness")
