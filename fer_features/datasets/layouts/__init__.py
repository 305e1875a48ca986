"""Data sets with a name, each described by its layout."""

from ..layout import Layout
from .adfes import ADFES
from .afew import AFEW
from .affectnet import AFFECTNET
from .bu3dfe import BU3DFE
from .ckplus import CKPLUS
from .ckplus48 import CKPLUS48
from .cremad import CREMAD
from .enterface05 import ENTERFACE05
from .expw import EXPW
from .ferplus_images import FERPLUS_IMAGES
from .jaffe import JAFFE
from .kdef import KDEF
from .mmi import MMI
from .mug import MUG
from .oulucasia import OULUCASIA
from .rafd import RAFD
from .rafdb import RAFDB
from .ravdess import RAVDESS
from .sfew import SFEW

#: In the order in which a folder is compared with them: those with the most particular names first.
LAYOUTS: tuple[Layout, ...] = (
    *(CKPLUS, CKPLUS48, RAFD, BU3DFE, KDEF, JAFFE, FERPLUS_IMAGES),
    *(OULUCASIA, MUG, MMI, ADFES, SFEW),
    *(RAVDESS, CREMAD, ENTERFACE05),
    *(AFEW, RAFDB, EXPW, AFFECTNET),
)
