"""Functions of arrays: geometry, descriptors, motion. Knows numpy, scipy and OpenCV, and nothing of ours."""
