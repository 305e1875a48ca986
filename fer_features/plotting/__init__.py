"""Figures: descriptors on a face, feature importance, confusion matrices and comparisons."""
