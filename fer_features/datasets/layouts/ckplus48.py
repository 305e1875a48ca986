"""CK+48: crops of the last three frames of each labelled sequence of CK+, as distributed on Kaggle.

981 grey images of 48 x 48 pixels in one folder for each class, without neutral: ``CK+48/anger/S010_004_00000017.png``.
The name is that of the frame in CK+: subject, number of the sequence, number of the frame. The three images of a
sequence are nearly equal, so that random folds have copies of the training samples among the evaluated ones.
Other folders of classes with these names of files are read in the same way, also within folders of splits.
"""

from __future__ import annotations

from ...expressions import EXPRESSION_SYNONYMS
from ...samples.splits import SPLIT_SYNONYMS
from ..layout import Layout

CKPLUS48 = Layout(
    name="ckplus48",
    description="CK+ as single frames in folders named by class, such as the 48-pixel edition with 981 images",
    layout="CK+48/anger/S010_004_00000017.png: class, subject, sequence, frame",
    pattern=rf"(?:(?P<split>{'|'.join(SPLIT_SYNONYMS)})/)?(?P<label>[^/]+)/"
    r"(?P<subject>S\d{3})_(?P<session>\d{3})_\d{8}\.(png|jpe?g|bmp|tiff?)",
    labels={word: name for name, words in EXPRESSION_SYNONYMS.items() for word in words},
    splits=SPLIT_SYNONYMS,
    reference="Lucey et al., The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops 2010, "
    "doi:10.1109/CVPRW.2010.5543262",
    licence="that of CK+: non-commercial research after signing an agreement; redistribution is not permitted",
    homepage="https://www.kaggle.com/datasets/shawon10/ckplus",
)
