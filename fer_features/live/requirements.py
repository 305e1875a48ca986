"""Whether the packages of a server are installed."""

from __future__ import annotations

import importlib.util

from ..exceptions import FerError

#: Packages of the extra 'live'.
LIVE_PACKAGES = ("starlette", "uvicorn", "websockets")


def require_live_packages() -> None:
    """Raise `FerError` if a package of the extra 'live' is not installed; nothing is imported."""
    missing = [name for name in LIVE_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise FerError(f"{', '.join(missing)} {verb} not installed: pip install 'fer_features[live]'")
