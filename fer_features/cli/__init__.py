"""Commands: parse arguments, call the library, print. A command's module is imported when it is called."""

from __future__ import annotations

import importlib
import sys

#: Command -> module and what it does.
COMMANDS = {
    "run": ("run", "evaluate a pipeline, fit it to all training samples and save it"),
    "search": ("search", "grid or random search of hyper-parameters with grouped cross-validation"),
    "check": ("check", "check whether a score can be trusted: leakage, duplicates, label permutation"),
    "compare": ("compare", "compare runs on the same samples and folds"),
    "inspect": ("inspect_data", "report on a data set before training"),
    "plot": ("plot", "plot a descriptor on a face, or the feature importance of a model"),
    "predict": ("predict", "predict expressions in images, videos or from a camera"),
    "landmarks": ("landmarks", "train or evaluate a landmark detector"),
    "demo": ("demo", "write the synthetic data set as files"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command named by the first argument; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] not in COMMANDS:
        lines = [f"  {name:10s} {about}" for name, (_, about) in COMMANDS.items()]
        asked = bool(arguments) and arguments[0] in ("-h", "--help")
        print("usage: fer-features COMMAND ...\n\n" + "\n".join(lines), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    module = importlib.import_module(f".{COMMANDS[arguments[0]][0]}", __name__)
    return module.main(arguments[1:])
