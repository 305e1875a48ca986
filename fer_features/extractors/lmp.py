"""Local motion patterns of the skin from the neutral frame to the apex (Allaert et al., VISAPP 2017)."""

from __future__ import annotations

import numpy as np

from ..samples.table import Samples
from ..vision.flow import FLOW_METHODS
from ..vision.geometry import interpolate_missing_frames
from ..vision.lmp import LMP_REGIONS, lmp
from .base import Extractor
from .flow import flow_fields
from .parameters import NON_NEGATIVE, POSITIVE, POSITIVE_INTEGER


class LMP(Extractor):
    """Local motion patterns (LMP): directions of coherent motion in regions around landmarks.

    Parameters
    ----------
    method : {'farneback', 'dis'}, default='farneback'
        Method of the dense optical flow.
    orientations : int, default=8
        Number of direction bins over 360 degrees.
    patch_size : float, default=0.25
        Side of a patch in interocular distances.
    max_spread : int, default=1
        Number of patches that a pattern may spread from its centre in each direction.
    min_fraction : float, default=0.03
        Directions with less than this fraction of the motion of a patch are noise.
    min_similarity : float, default=0.3
        Bhattacharyya coefficient from which on neighbouring patches move coherently.
    min_motion : float, default=0.1
        Motion below this number of pixels of the crop is ignored.

    See Also
    --------
    fer_features.vision.lmp.lmp : The formula, and its differences to the papers.

    Notes
    -----
    The features are the square roots of the histograms, which keeps a few large motions from dominating the small ones.
    The default filters are mild. On sequences of posed expressions, stricter filters, which the papers use for
    spontaneous micro-expressions, cost a few points of accuracy in leave-one-subject-out evaluation.

    References
    ----------
    B. Allaert, I. M. Bilasco, C. Djeraba, "Consistent optical flow maps for full and micro facial expression
    recognition", VISAPP 2017, doi:10.5220/0006127402350242.
    B. Allaert, I. M. Bilasco, C. Djeraba, "Micro and macro facial expression recognition using advanced local motion
    patterns", IEEE Transactions on Affective Computing 13(1), 2022 (online 2019), doi:10.1109/TAFFC.2019.2949559.

    Examples
    --------
    >>> import numpy as np
    >>> from fer_features import Samples
    >>> from fer_features.extractors.lmp import LMP
    >>> from fer_features.vision.geometry import MEAN_FACE
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 2, 96, 96)).astype(np.uint8)
    >>> landmarks = np.broadcast_to(26 * MEAN_FACE + [48, 32], (3, 2, 68, 2))
    >>> extractor = LMP()
    >>> extractor.fit_transform(Samples.from_arrays(images, landmarks)).shape
    (3, 224)
    >>> extractor.get_feature_names_out()[0]
    'lmp[left forehead direction=0deg]'
    """

    required_columns = ("images", "landmarks")
    reference = "Allaert, Bilasco and Djeraba, VISAPP 2017 and IEEE Transactions on Affective Computing 2019"
    parameter_constraints = {
        "method": tuple(FLOW_METHODS),
        "orientations": POSITIVE_INTEGER,
        "patch_size": POSITIVE,
        "max_spread": POSITIVE_INTEGER,
        "min_fraction": NON_NEGATIVE,
        "min_similarity": NON_NEGATIVE,
        "min_motion": NON_NEGATIVE,
    }

    def __init__(
        self,
        method: str = "farneback",
        orientations: int = 8,
        patch_size: float = 0.25,
        max_spread: int = 1,
        min_fraction: float = 0.03,
        min_similarity: float = 0.3,
        min_motion: float = 0.1,
    ):
        self.method = method
        self.orientations = orientations
        self.patch_size = patch_size
        self.max_spread = max_spread
        self.min_fraction = min_fraction
        self.min_similarity = min_similarity
        self.min_motion = min_motion

    def extract(self, X: Samples) -> np.ndarray:
        """Square roots of the patterns of 28 regions, shape (n, 28 * orientations)."""
        flow = next(flow_fields(self, X, self.method))
        landmarks = interpolate_missing_frames(X["landmarks"])[:, 0]
        return np.sqrt(
            lmp(
                flow,
                landmarks,
                self.orientations,
                self.patch_size,
                self.max_spread,
                self.min_fraction,
                self.min_similarity,
                self.min_motion,
            )
        )

    def feature_names(self) -> list[str]:
        """``lmp[region direction=degrees]``."""
        step = 360 / self.orientations
        return [f"lmp[{region} direction={step * o:g}deg]" for region in LMP_REGIONS for o in range(self.orientations)]
