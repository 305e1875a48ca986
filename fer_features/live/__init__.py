"""Recognition as a server: a page for the camera, an HTTP interface, and training on one's own expressions.

It needs the packages of ``pip install 'fer_features[live]'``; no other package of `fer_features` imports it.
"""
