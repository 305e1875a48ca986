"""Functions of arrays: geometry, descriptors, motion. They depend on NumPy, SciPy, scikit-image and OpenCV only."""
