"""``python -m fer_features.run``, the same as ``fer-features run``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "run")
    sys.exit(main())
