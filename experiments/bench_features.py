"""Speed and memory of each descriptor against scikit-image and OpenCV on the same pictures in the same run.

    python experiments/bench_features.py            the table, on one core
    python experiments/bench_features.py --quick    few pictures, once: does the table still run?

Pictures are crops of the demo's drawn faces, so that anyone can run it. Times are CPU time of this process for one
picture or pair, medians of five rounds in which ours and theirs take turns; BLAS, OpenMP and OpenCV have one thread.
Memory is the peak that numpy allocated in our first call, beyond the input and with the result, tables included.
Writes the table as JSON to experiments/results/.
"""

import argparse
import json
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.feature
import skimage.filters
import skimage.registration
import skimage.transform
from threadpoolctl import threadpool_limits

from fer_features._atomic import replacing
from fer_features.cli._parser import Parser, guarded, whole
from fer_features.extractors import Align
from fer_features.samples.table import Samples
from fer_features.synthetic import generate
from fer_features.version import versions
from fer_features.vision.codebook import Mixture, fit_mixture, fit_pca
from fer_features.vision.crop import points_to_template, template, warp
from fer_features.vision.fisher import FLOOR, fisher_vectors
from fer_features.vision.flow import FLOWS, dense_flow
from fer_features.vision.gabor import gabor_magnitudes
from fer_features.vision.hog import hog
from fer_features.vision.lbp import BINS, lbp_histograms
from fer_features.vision.sift import dense_sift

SIZES = 48, 128
ORIENTATIONS, CELL, BLOCK = 9, 8, 2
GRID = 6
FREQUENCIES, ANGLES = (0.125, 0.25), 8
SIDE, TOP = 0.6, 0.8  # of the crop around the eyes, in inter-ocular distances
WORDS, DIMENSIONS, PATCHES = (64, 128), 64, 400


@dataclass
class Work:
    """One line of the table: a name, our function of all inputs, and theirs of one input each, or why there is none."""

    name: str
    inputs: list
    ours: Callable[[list], object]
    skimage: Callable[..., object] | str
    opencv: Callable[..., object] | str


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few pictures, one round")
    parser.add_argument("--pictures", type=whole(1), default=128, metavar="N", help="of our batch (128)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON (experiments/results/bench-features.json)")
    options = parser.parse_args()
    return guarded(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    ours, theirs, rounds = (4, 1, 1) if options.quick else (options.pictures, 8, 5)
    cv2.setNumThreads(1)
    print("| work | ours | scikit-image | ratio | OpenCV | ratio | peak MB |\n|---|---|---|---|---|---|---|")
    rows, notes = [], []
    with threadpool_limits(1):
        for work in works(ours):
            row = measure(work, theirs, rounds)
            rows.append(row)
            notes += [f"{row['work']}: {row[key]}" for key in ("skimage_note", "opencv_note") if key in row]
            print(line(row), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n".join(dict.fromkeys(notes)))
    out = options.out or Path(__file__).parent / "results" / "bench-features.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    record = {"rows": rows, "rounds": rounds, "pictures": ours, "peak_rss_mb": round(peak), "versions": versions()}
    with replacing(out) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    print(f"peak memory of the process {peak:.0f} MB; written to {out}")


def works(n: int) -> Iterator[Work]:
    demo = generate(n_subjects=2 if n < 16 else 4, n_test_subjects=1, repeats=-(-n // (12 if n < 16 else 24)))
    frames = np.ascontiguousarray(demo.images[:n, -1])
    points = demo.landmarks[:n, -1].astype(np.float64)
    clips = Samples.from_arrays(images=demo.images[:n, [0, -1]], landmarks=demo.landmarks[:n, [0, -1]])
    for size in SIZES:
        both = Align(size=size, bottom=1.4).transform(clips)["images"]  # square
        first, last = (np.ascontiguousarray(both[:, t]) for t in (0, 1))
        yield from of_pictures(size, last)
        yield alignment(size, frames, points)
        yield from of_pairs(size, first, last)
    crops = np.ascontiguousarray(Align(bottom=1.4).transform(clips).frame("images", -1))
    yield from fisher(crops)


def of_pictures(size: int, pictures: np.ndarray) -> Iterator[Work]:
    reals = [(picture.astype(np.float64),) for picture in pictures]
    given = [(picture,) for picture in pictures]

    def their_hog(picture: np.ndarray) -> np.ndarray:
        return skimage.feature.hog(picture, ORIENTATIONS, (CELL, CELL), (BLOCK, BLOCK), block_norm="L2-Hys")

    cells = (np.arange(size) * GRID // size)[:, None] * GRID + np.arange(size) * GRID // size

    def their_lbp(picture: np.ndarray) -> np.ndarray:
        codes = skimage.feature.local_binary_pattern(picture, 8, 1, "nri_uniform").astype(np.intp)
        return np.bincount((cells * BINS + codes).ravel(), minlength=GRID * GRID * BINS)

    def their_gabor(picture: np.ndarray) -> list[np.ndarray]:
        return [
            np.hypot(*skimage.filters.gabor(picture, f, np.pi * o / ANGLES)) for f in FREQUENCIES for o in range(ANGLES)
        ]

    kernels = [
        cv2.flip(part, -1)
        for f in FREQUENCIES
        for o in range(ANGLES)
        for kernel in [skimage.filters.gabor_kernel(f, np.pi * o / ANGLES)]
        for part in (kernel.real.astype(np.float32), kernel.imag.astype(np.float32))
    ]

    def opencv_gabor(picture: np.ndarray) -> list[np.ndarray]:
        found = [cv2.filter2D(picture, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT) for kernel in kernels]
        return [cv2.magnitude(real, imaginary) for real, imaginary in zip(found[::2], found[1::2], strict=True)]

    yield Work(
        f"HOG, {ORIENTATIONS} orientations, cells of {CELL}, {size} px",
        given,
        lambda x: hog(stack(x), ORIENTATIONS, CELL, BLOCK),
        their_hog,
        "OpenCV 5 has no HOGDescriptor",
    )
    name = f"uniform LBP histograms, {GRID} x {GRID} cells, {size} px"
    yield Work(name, given, lambda x: lbp_histograms(stack(x), 1, GRID), their_lbp, "OpenCV has no uniform LBP")
    name = f"Gabor magnitudes, {len(FREQUENCIES)} x {ANGLES} filters, {size} px"
    few = max(1, len(reals) // 8)  # the responses are 16 times the pictures, in float32
    yield Work(name, reals[:few], lambda x: gabor_magnitudes(stack(x), FREQUENCIES, ANGLES), their_gabor, opencv_gabor)


def alignment(size: int, frames: np.ndarray, points: np.ndarray) -> Work:
    face = template(size, SIDE, TOP)

    def theirs(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        # The map from crop to picture is what `warp` wants: nothing has to be inverted.
        form = skimage.transform.SimilarityTransform
        if hasattr(form, "from_estimate"):
            found = form.from_estimate(face, landmarks)
        else:
            found = form()
            found.estimate(face, landmarks)
        return skimage.transform.warp(
            picture, found, output_shape=(size, size), order=1, mode="edge", preserve_range=True
        )

    def opencv(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        matrix, _ = cv2.estimateAffinePartial2D(landmarks, face, method=cv2.LMEDS)
        return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def ours(given: list) -> np.ndarray:
        return warp([picture for picture, _ in given], points_to_template(np.stack([p for _, p in given]), face), size)

    name = f"alignment by 68 points and crop, {frames.shape[2]} x {frames.shape[1]} to {size} px"
    return Work(name, list(zip(frames, points, strict=True)), ours, theirs, opencv)


def of_pairs(size: int, first: np.ndarray, last: np.ndarray) -> Iterator[Work]:
    few = max(1, len(first) // 8)
    pairs = list(zip(first[:few], last[:few], strict=True))
    for method, name, theirs in (
        ("farneback", "Farneback", skimage.registration.optical_flow_ilk),
        ("dis", "DIS", skimage.registration.optical_flow_tvl1),
    ):

        def ours(given: list, method: str = method) -> np.ndarray:
            return dense_flow(np.stack([a for a, _ in given]), np.stack([b for _, b in given]), method)

        rival = theirs.__name__.removeprefix("optical_flow_")
        yield Work(f"flow of a pair, {name} (scikit-image: {rival}), {size} px", pairs, ours, theirs, FLOWS[method])


def fisher(crops: np.ndarray) -> Iterator[Work]:
    """Fisher vectors of what they are made of: components of dense RootSIFT of faces, by a mixture of these."""
    from sklearn.mixture import GaussianMixture

    descriptors, _ = dense_sift(crops, root=True)
    sample = descriptors[:, :: max(1, len(crops) // 8)].reshape(-1, descriptors.shape[2])
    mean, basis = fit_pca(sample, DIMENSIONS)
    chosen = np.random.default_rng(0).permutation(descriptors.shape[1])[:PATCHES]
    sets = [(x,) for x in (descriptors[: max(1, len(crops) // 4), chosen] - mean) @ basis]
    for words in WORDS:
        own = fit_mixture((sample - mean) @ basis, words, rounds=5)
        mixture = GaussianMixture(words, covariance_type="diag")
        mixture.weights_, mixture.means_, mixture.covariances_ = own.weights, own.means, own.variances
        mixture.precisions_cholesky_ = 1 / np.sqrt(own.variances)

        def theirs(x: np.ndarray, mixture: GaussianMixture = mixture) -> np.ndarray:
            return skimage.feature.fisher_vector(x, mixture)

        for floor, kept in ((0, "all words"), (FLOOR, f"words above {FLOOR:g}"), (1, "likeliest word")):

            def ours(given: list, own: Mixture = own, floor: float = floor) -> np.ndarray:
                return fisher_vectors(stack(given), own, floor=floor)

            name = f"Fisher vector, {PATCHES} descriptors of {DIMENSIONS}, {words} words, {kept}"
            yield Work(name, sets, ours, theirs, "OpenCV has no Fisher vectors")


def stack(given: list) -> np.ndarray:
    return np.stack([one for (one,) in given])


def measure(work: Work, few: int, rounds: int) -> dict:
    """Medians of CPU seconds for one input, the ratios to ours, and the peak of memory of our first call."""
    tracemalloc.start()
    work.ours(work.inputs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    some = work.inputs[:few]
    rivals = {"skimage": work.skimage, "opencv": work.opencv}
    times: dict[str, list[float]] = {name: [] for name in ("ours", *rivals)}
    for _ in range(rounds):
        times["ours"].append(seconds(lambda: work.ours(work.inputs)) / len(work.inputs))
        for name, rival in rivals.items():
            if callable(rival):
                times[name].append(seconds(lambda rival=rival: [rival(*one) for one in some]) / len(some))
    row: dict = {"work": work.name, "peak_mb": round(peak / 2**20, 1)}
    row["ours_us"] = statistics.median(times["ours"]) * 1e6
    for name, rival in rivals.items():
        if callable(rival):
            row[f"{name}_us"] = statistics.median(times[name]) * 1e6
            row[f"{name}_ratio"] = row[f"{name}_us"] / max(row["ours_us"], 1e-3)
        else:
            row[f"{name}_note"] = rival
    return row


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def line(row: dict) -> str:
    cells = [row["work"], f"{row['ours_us']:,.1f} us"]
    for name in ("skimage", "opencv"):
        known = f"{name}_us" in row
        cells += [f"{row[f'{name}_us']:,.1f} us", f"{row[f'{name}_ratio']:.1f}"] if known else ["-", "-"]
    return f"| {' | '.join([*cells, str(row['peak_mb'])])} |"


if __name__ == "__main__":
    sys.exit(main())
