"""``python -m fer_features COMMAND``, installed as ``fer-features``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
