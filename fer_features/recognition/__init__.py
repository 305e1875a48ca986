"""Recognition as pictures come: files, folders, videos and cameras, from a raw frame to an expression."""

from .frame_results import Clip, Face, Moment
from .recognizer import Recognizer
from .stream import Stream

__all__ = ["Clip", "Face", "Moment", "Recognizer", "Stream"]
