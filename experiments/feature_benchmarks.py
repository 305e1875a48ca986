"""The computations of `bench_features.py`: of this package, of scikit-image and of OpenCV, on the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.feature
import skimage.filters
import skimage.registration
import skimage.transform
from sklearn.mixture import GaussianMixture

from fer_features import Samples
from fer_features.extractors import Align
from fer_features.synthetic import generate
from fer_features.vision.codebook import DiagonalGMM, fit_mixture
from fer_features.vision.crop import face_template, similarity_from_landmarks, warp_images
from fer_features.vision.fisher import MIN_RELATIVE_POSTERIOR, fisher_vectors
from fer_features.vision.flow import FLOW_METHODS, dense_flow
from fer_features.vision.gabor import gabor_magnitudes
from fer_features.vision.hog import hog
from fer_features.vision.lbp import N_LBP_LABELS, lbp_histograms
from fer_features.vision.pca import fit_pca
from fer_features.vision.sift import dense_sift

#: Sides of the images in pixels.
SIZES = (48, 128)
#: Parameters of HOG: orientations, pixels per cell, cells per block.
ORIENTATIONS, PIXELS_PER_CELL, CELLS_PER_BLOCK = 9, 8, 2
#: Cells of the LBP histograms along each side.
LBP_GRID = 6
#: Parameters of the Gabor filters: cycles per pixel, and number of orientations.
GABOR_FREQUENCIES, N_GABOR_ORIENTATIONS = (0.125, 0.25), 8
#: Margins of the crop at the sides of the eyes and above them, in interocular distances.
SIDE_MARGIN, TOP_MARGIN = 0.6, 0.8
#: Margin below the eyes that makes the crop square.
SQUARE_BOTTOM_MARGIN = 1.4
#: Parameters of the Fisher vectors: numbers of words, dimensions of a descriptor, descriptors of an image.
N_WORDS, N_DIMENSIONS, N_DESCRIPTORS = (64, 128), 64, 400

#: An input is a tuple of arrays, such as an image, or an image and its landmarks.
Input = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Benchmark:
    """A computation: the function of this package of a list of inputs, and those of other libraries of one input.

    A text instead of a function says why a library has none.
    """

    name: str
    inputs: list[Input]
    ours: Callable[[list[Input]], object]
    skimage: Callable[..., object] | str
    opencv: Callable[..., object] | str


def benchmarks(n_images: int) -> Iterator[Benchmark]:
    """All computations."""
    n_subjects = 2 if n_images < 16 else 4
    demo = generate(n_subjects=n_subjects, n_test_subjects=1, n_repeats=-(-n_images // (6 * n_subjects)))
    frames = np.ascontiguousarray(demo.images[:n_images, -1])
    landmarks = demo.landmarks[:n_images, -1].astype(np.float64)
    clips = Samples.from_arrays(images=demo.images[:n_images, [0, -1]], landmarks=demo.landmarks[:n_images, [0, -1]])
    for size in SIZES:
        crops = Align(size=size, bottom_margin=SQUARE_BOTTOM_MARGIN).transform(clips)["images"]
        neutral, apex = (np.ascontiguousarray(crops[:, t]) for t in (0, 1))
        yield from descriptor_benchmarks(size, apex)
        yield alignment_benchmark(size, frames, landmarks)
        yield from flow_benchmarks(size, neutral, apex)
    crops = Align(bottom_margin=SQUARE_BOTTOM_MARGIN).transform(clips).frame("images", -1)
    yield from fisher_benchmarks(np.ascontiguousarray(crops))


def descriptor_benchmarks(size: int, images: np.ndarray) -> Iterator[Benchmark]:
    """HOG, LBP and Gabor magnitudes of single images."""
    inputs: list[Input] = [(image,) for image in images]
    float_inputs: list[Input] = [(image.astype(np.float64),) for image in images]
    cells = (np.arange(size) * LBP_GRID // size)[:, None] * LBP_GRID + np.arange(size) * LBP_GRID // size
    n_bins = LBP_GRID * LBP_GRID * N_LBP_LABELS
    angles = [np.pi * k / N_GABOR_ORIENTATIONS for k in range(N_GABOR_ORIENTATIONS)]
    kernels = [
        cv2.flip(part.astype(np.float32), -1)  # filter2D correlates
        for frequency in GABOR_FREQUENCIES
        for angle in angles
        for kernel in [skimage.filters.gabor_kernel(frequency, angle)]
        for part in (kernel.real, kernel.imag)
    ]

    def skimage_hog(image: np.ndarray) -> np.ndarray:
        cell, block = (PIXELS_PER_CELL, PIXELS_PER_CELL), (CELLS_PER_BLOCK, CELLS_PER_BLOCK)
        return skimage.feature.hog(image, ORIENTATIONS, cell, block, block_norm="L2-Hys")

    def skimage_lbp(image: np.ndarray) -> np.ndarray:
        codes = skimage.feature.local_binary_pattern(image, 8, 1, "nri_uniform").astype(np.intp)
        return np.bincount((cells * N_LBP_LABELS + codes).ravel(), minlength=n_bins)

    def skimage_gabor(image: np.ndarray) -> list[np.ndarray]:
        return [np.hypot(*skimage.filters.gabor(image, f, angle)) for f in GABOR_FREQUENCIES for angle in angles]

    def opencv_gabor(image: np.ndarray) -> list[np.ndarray]:
        responses = [cv2.filter2D(image, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT) for kernel in kernels]
        return [cv2.magnitude(real, imag) for real, imag in zip(responses[::2], responses[1::2], strict=True)]

    yield Benchmark(
        f"HOG, {ORIENTATIONS} orientations, cells of {PIXELS_PER_CELL}, {size} px",
        inputs,
        lambda x: hog(stack(x), ORIENTATIONS, PIXELS_PER_CELL, CELLS_PER_BLOCK),
        skimage_hog,
        "OpenCV 5 has no HOGDescriptor",
    )
    yield Benchmark(
        f"uniform LBP histograms, {LBP_GRID} x {LBP_GRID} cells, {size} px",
        inputs,
        lambda x: lbp_histograms(stack(x), 1, LBP_GRID),
        skimage_lbp,
        "OpenCV has no uniform LBP",
    )
    yield Benchmark(
        f"Gabor magnitudes, {len(GABOR_FREQUENCIES)} x {N_GABOR_ORIENTATIONS} filters, {size} px",
        float_inputs[: max(1, len(images) // 8)],  # the responses in float32 are 16 times as large as the images
        lambda x: gabor_magnitudes(stack(x), GABOR_FREQUENCIES, N_GABOR_ORIENTATIONS),
        skimage_gabor,
        opencv_gabor,
    )


def alignment_benchmark(size: int, frames: np.ndarray, landmarks: np.ndarray) -> Benchmark:
    """Alignment by landmarks and crop."""
    template = face_template(size, SIDE_MARGIN, TOP_MARGIN)

    def skimage_alignment(image: np.ndarray, points: np.ndarray) -> np.ndarray:
        # The map from the crop to the image, which skimage's warp needs; nothing has to be inverted.
        similarity = skimage.transform.SimilarityTransform
        if hasattr(similarity, "from_estimate"):
            matrix = similarity.from_estimate(template, points)
        else:
            matrix = similarity()
            matrix.estimate(template, points)
        options = {"output_shape": (size, size), "order": 1, "mode": "edge", "preserve_range": True}
        return skimage.transform.warp(image, matrix, **options)

    def opencv_alignment(image: np.ndarray, points: np.ndarray) -> np.ndarray:
        matrix, _ = cv2.estimateAffinePartial2D(points, template, method=cv2.LMEDS)
        return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def ours(inputs: list[Input]) -> np.ndarray:
        matrices = similarity_from_landmarks(np.stack([points for _, points in inputs]), template)
        return warp_images([image for image, _ in inputs], matrices, size)

    name = f"alignment by 68 points and crop, {frames.shape[2]} x {frames.shape[1]} to {size} px"
    return Benchmark(name, list(zip(frames, landmarks, strict=True)), ours, skimage_alignment, opencv_alignment)


def flow_benchmarks(size: int, neutral: np.ndarray, apex: np.ndarray) -> Iterator[Benchmark]:
    """Optical flow of pairs of images."""
    n_pairs = max(1, len(neutral) // 8)
    pairs: list[Input] = list(zip(neutral[:n_pairs], apex[:n_pairs], strict=True))
    for method, name, skimage_flow in (
        ("farneback", "Farneback", skimage.registration.optical_flow_ilk),
        ("dis", "DIS", skimage.registration.optical_flow_tvl1),
    ):

        def ours(inputs: list[Input], method: str = method) -> np.ndarray:
            return dense_flow(np.stack([a for a, _ in inputs]), np.stack([b for _, b in inputs]), method)

        skimage_name = skimage_flow.__name__.removeprefix("optical_flow_")
        label = f"flow of a pair, {name} (scikit-image: {skimage_name}), {size} px"
        yield Benchmark(label, pairs, ours, skimage_flow, FLOW_METHODS[method])


def fisher_benchmarks(crops: np.ndarray) -> Iterator[Benchmark]:
    """Fisher vectors of realistic input: principal components of dense RootSIFT of faces, and a mixture of these."""
    descriptors, _ = dense_sift(crops, rootsift=True)
    sample = descriptors[:, :: max(1, len(crops) // 8)].reshape(-1, descriptors.shape[2])
    mean, basis = fit_pca(sample, N_DIMENSIONS)
    chosen = np.random.default_rng(0).permutation(descriptors.shape[1])[:N_DESCRIPTORS]
    inputs: list[Input] = [(x,) for x in (descriptors[: max(1, len(crops) // 4), chosen] - mean) @ basis]
    for n_words in N_WORDS:
        mixture = fit_mixture((sample - mean) @ basis, n_words, max_iter=5)
        sklearn_mixture = GaussianMixture(n_words, covariance_type="diag")
        sklearn_mixture.weights_, sklearn_mixture.means_ = mixture.weights, mixture.means
        sklearn_mixture.covariances_ = mixture.variances
        sklearn_mixture.precisions_cholesky_ = 1 / np.sqrt(mixture.variances)

        def skimage_fisher(x: np.ndarray, mixture: GaussianMixture = sklearn_mixture) -> np.ndarray:
            return skimage.feature.fisher_vector(x, mixture)

        for minimum, label in (
            (0, "all words"),
            (MIN_RELATIVE_POSTERIOR, f"words with a relative posterior above {MIN_RELATIVE_POSTERIOR:g}"),
            (1, "most probable word"),
        ):

            def ours(x: list[Input], mixture: DiagonalGMM = mixture, minimum: float = minimum) -> np.ndarray:
                return fisher_vectors(stack(x), mixture, min_relative_posterior=minimum)

            name = f"Fisher vector, {N_DESCRIPTORS} descriptors of {N_DIMENSIONS}, {n_words} words, {label}"
            yield Benchmark(name, inputs, ours, skimage_fisher, "OpenCV has no Fisher vectors")


def stack(inputs: list[Input]) -> np.ndarray:
    """Inputs of one array each as one array."""
    return np.stack([array for (array,) in inputs])
