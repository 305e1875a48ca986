"""Image and video files: decoding, and lists of files in folders."""
