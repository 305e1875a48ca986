"""The exception for invalid input: files, arrays, names and parameters."""


class FerError(ValueError):
    """Invalid input: a file, an array, a name or a parameter.

    The message is one line: what is wrong, where, and what to do. Commands print it and end with exit code 2; in Python
    it is an ordinary `ValueError`.
    """
