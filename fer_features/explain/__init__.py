"""Feature importance of fitted models: contributions of linear and tree models, and occlusion sensitivity."""

from .contributions import feature_contributions
from .locations import FeatureLocations, feature_locations
from .occlusion import OcclusionSensitivity, occlusion_sensitivity

__all__ = [
    "FeatureLocations",
    "OcclusionSensitivity",
    "feature_contributions",
    "feature_locations",
    "occlusion_sensitivity",
]
