"""Limits of a server: bytes, pixels, connections and durations."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one server accepts.

    Attributes
    ----------
    image_bytes : int
        Size of one image, and of one frame of a camera.
    image_pixels : int
        Width times height of one image.
    images : int
        Images in one request.
    video_bytes : int
        Size of one video.
    requests : int
        Requests that are answered at the same time; further ones get the status 503.
    connections : int
        Cameras that are connected at the same time.
    neutral_images : int
        Neutral images in memory; the one that was not used for the longest time is removed.
    upload_seconds : float
        Time in which the body of a request must arrive.
    idle_seconds : float
        Time after which a connection without frames is closed.
    resume_seconds : float
        Time for which the state of a lost connection is kept.
    clip_seconds, pause_seconds : float
        Duration of a clip of a lesson, and of the countdown before it.
    """

    image_bytes: int = 20_000_000
    image_pixels: int = 50_000_000
    images: int = 100
    video_bytes: int = 500_000_000
    requests: int = 8
    connections: int = 16
    neutral_images: int = 100
    upload_seconds: float = 120.0
    idle_seconds: float = 300.0
    resume_seconds: float = 60.0
    clip_seconds: float = 1.0
    pause_seconds: float = 2.0
