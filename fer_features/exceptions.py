"""The exception for invalid input, and the category of warnings."""


class FerError(ValueError):
    """Invalid input: a file, an array, a name or a parameter.

    The message is one line: what is wrong, where, and what to do. Commands print it and end with exit code 2; in Python
    it is an ordinary `ValueError`.

    Examples
    --------
    >>> from fer_features import FerError, Samples
    >>> try:
    ...     Samples.from_arrays(label=["joy", "fear"], subject=[1])
    ... except FerError as error:
    ...     print(error)
    columns of different lengths: label 2, subject 1
    """


class FerWarning(UserWarning):
    """A warning of this package. Commands print these, and no warnings of other packages."""
