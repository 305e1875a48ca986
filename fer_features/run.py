"""``python -m fer_features.run``, the same as ``fer-features run``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
