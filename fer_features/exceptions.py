"""The one error that a user's mistake raises: a sentence that says what is wrong, where, and what to do."""


class FerError(ValueError):
    """Something is wrong with what was given: a file, an array, a name. The message is one line.

    Commands print it and exit with code 2; in Python it is an ordinary `ValueError`.
    """
