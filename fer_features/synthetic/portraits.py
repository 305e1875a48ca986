"""Portraits with exact landmarks for the training of a landmarker: faces, poses, light and cameras beyond the demo.

Every portrait is another person. It is drawn in the frontal view from its landmarks (`portrait_shape`,
`portrait_texture`, `portrait_hair`), gets a depth (`portrait_depth`), is lit, rotated and projected
(`portrait_camera`), and is then photographed: cropped, blurred, compressed (`portrait_photo`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from .portrait_camera import Camera, project_canvas, project_landmarks, sample_camera, shade
from .portrait_depth import make_depth, surface_normals
from .portrait_hair import add_surroundings
from .portrait_parameters import ShapeParameters, sample_parameters
from .portrait_photo import Photo, add_objects, make_background, take_photo
from .portrait_shape import make_shape
from .portrait_texture import make_reflectance, sample_appearance


@dataclasses.dataclass(frozen=True)
class Portrait:
    """A projected face before it is photographed.

    Attributes
    ----------
    image : ndarray, shape (HEIGHT, WIDTH), float32
        Radiance on the grid of the canvas (`portrait_canvas`).
    landmarks : ndarray, shape (68, 2), float64
        iBUG-68 points in interocular distances.
    """

    image: np.ndarray
    landmarks: np.ndarray


def render_portrait(
    rng: np.random.Generator, parameters: ShapeParameters | None = None, camera: Camera | None = None
) -> Portrait:
    """Render a person.

    Parameters
    ----------
    rng : Generator
    parameters : ShapeParameters, optional
        Sampled by default.
    camera : Camera, optional
        Sampled by default.

    Returns
    -------
    Portrait
    """
    parameters = sample_parameters(rng) if parameters is None else parameters
    camera = sample_camera(rng) if camera is None else camera
    shape, look = make_shape(parameters), sample_appearance(rng)
    depth, head = make_depth(shape, rng)
    reflectance, flat = make_reflectance(shape, parameters, look, rng)
    normals_depth = depth.copy()
    person = add_surroundings(reflectance, depth, head, shape, look, rng)
    radiance = shade(reflectance, flat, surface_normals(normals_depth), camera, rng)
    projected = project_canvas(np.stack([radiance * person, person], -1), depth, camera)
    landmarks = project_landmarks(shape.points, normals_depth, camera)
    colour, alpha = projected[..., 0], projected[..., 1]
    image = colour + (1 - alpha) * make_background(rng)
    add_objects(image, shape, normals_depth, camera, look, rng)
    return Portrait(image.astype(np.float32), landmarks)


def sample_photos(n_portraits: int, photos_per_portrait: int = 2, seed: int = 0) -> list[Photo]:
    """Photographs of sampled identities.

    Parameters
    ----------
    n_portraits : int
    photos_per_portrait : int, default=2
        Photographs of one portrait differ in crop, exposure, blur, noise and compression.
    seed : int, default=0
        A portrait depends only on the seed and its number.

    Returns
    -------
    list of n_portraits * photos_per_portrait Photos
        Those of one portrait are neighbours.

    Examples
    --------
    >>> from fer_features.synthetic.portraits import sample_photos
    >>> photos = sample_photos(1, photos_per_portrait=2, seed=3)
    >>> len(photos), photos[0].landmarks.shape
    (2, (68, 2))
    """
    photos = []
    for i in range(n_portraits):
        rng = np.random.default_rng([seed, i])
        portrait = render_portrait(rng)
        photos += [take_photo(portrait.image, portrait.landmarks, rng) for _ in range(photos_per_portrait)]
    return photos


def contact_sheet(photos: Sequence[Photo], n_columns: int = 10, side: int = 128, landmarks: bool = False) -> np.ndarray:
    """Photographs on one sheet.

    Parameters
    ----------
    photos : sequence of n Photos
    n_columns : int, default=10
    side : int, default=128
        Side of a photograph in pixels.
    landmarks : bool, default=False
        Whether to mark the landmarks.

    Returns
    -------
    ndarray, shape (ceil(n / n_columns) * side, n_columns * side), uint8

    Examples
    --------
    >>> from fer_features.synthetic.portraits import contact_sheet, sample_photos
    >>> contact_sheet(sample_photos(2, 1), n_columns=2, side=64).shape
    (64, 128)
    """
    n_rows = -(-len(photos) // n_columns)
    sheet = np.zeros((n_rows * side, n_columns * side), np.uint8)
    for k, photo in enumerate(photos):
        tile = cv2.resize(photo.image, (side, side), interpolation=cv2.INTER_LINEAR)
        if landmarks:
            factor = side / np.array(photo.image.shape[::-1])
            for x, y in np.rint((photo.landmarks + 0.5) * factor - 0.5).astype(int).tolist():
                cv2.circle(tile, (x, y), 1, 255, -1)
        row, column = divmod(k, n_columns)
        sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
    return sheet
