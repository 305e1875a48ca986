"""Recognition as pictures come: files, folders, videos and cameras, from a raw frame to an expression."""

from .recognizer import Recognizer
from .results import Clip, Face, Moment
from .stream import Stream

__all__ = ["Clip", "Face", "Moment", "Recognizer", "Stream"]
