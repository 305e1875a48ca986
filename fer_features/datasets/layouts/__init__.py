"""Data sets with a name, each described by its layout."""

from ..layout import Layout
from .jaffe import JAFFE
from .kdef import KDEF

#: In the order in which a folder is compared with them: those with the most particular names first.
LAYOUTS: tuple[Layout, ...] = (KDEF, JAFFE)
