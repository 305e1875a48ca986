"""Predictions for many videos and images, as a folder of tables and pages that continues where it was interrupted."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import hashlib
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import joblib

from .._atomic import check_writable, write_text
from .._csv import escape_formula
from .._parallel import parallel
from .._progress import progress
from .._result_folder import ResultFolder
from ..datasets.file_states import file_states
from ..exceptions import FerError
from ..media.media_files import READABLE_SUFFIXES
from ..recognition.annotation_writer import AnnotationWriter
from ..recognition.batch import BatchPredictor
from ..recognition.output_names import unused_name
from ..recognition.prediction_writer import open_prediction_writer
from ..recognition.recognizer import Recognizer
from ..recognition.sources import FrameSource, ImageSource, InvalidSource, SequenceSource
from ..recognition.timeline_bins import VideoTimeline
from ..recognition.timeline_html import timeline_html
from ..recognition.timeline_writer import TIMELINE_FORMATS, TimelineWriter
from ..recognition.video_summary import SUMMARY_COLUMNS, summarize_video
from ..reports.html import write_page
from ..reports.video_timeline import video_folder_page, video_timeline_page
from ..version import __version__

#: Files of the folder, and of the folder of each video.
SETTINGS, SUMMARY, SUMMARY_PAGE = "settings.json", "summary.csv", "summary.html"
STATE, PREDICTIONS, PREDICTIONS_JSON, TIMELINE = "state.json", "predictions.csv", "predictions.json", "timeline.html"
#: Name of the folder of the images.
IMAGES = "images"


@dataclasses.dataclass(frozen=True)
class FolderOptions:
    """Options of `predict_videos`.

    Attributes
    ----------
    as_json : bool
        Whether to write JSON in addition to CSV.
    smooth : float
        Window of temporal smoothing in seconds.
    outputs : mapping of str to Path
        Folders for further files by 'elan', 'webvtt' or 'annotate'.
    facts : mapping of str to str
        How the predictions are made, for the pages.
    """

    as_json: bool = False
    smooth: float = 0.0
    outputs: Mapping[str, Path] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FolderSummary:
    """What `predict_videos` did: numbers of videos and images, of those that were finished before, and errors."""

    n_videos: int
    n_images: int
    n_reused: int
    errors: list[str]


@dataclasses.dataclass(frozen=True, eq=False)
class _Task:
    """A video, or all images: its sources, its folder, its further files, and the key of its inputs and settings."""

    sources: tuple[FrameSource, ...]
    folder: Path
    outputs: Mapping[str, Path]
    key: str
    is_video: bool = True

    def finished(self) -> dict[str, Any] | None:
        """The state of the finished task, if neither its inputs nor the settings have changed and its files exist."""
        try:
            state = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
            files = [*(self.folder / name for name in state["files"]), *self.outputs.values()]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return state if state.get("key") == self.key and all(file.exists() for file in files) else None


def predict_videos(
    recognizer: Recognizer,
    sources: Sequence[FrameSource],
    out: str | Path,
    options: FolderOptions | None = None,
    n_jobs: int = 1,
    overwrite: bool = False,
) -> FolderSummary:
    """Predict the expressions in videos and images, and write a folder of results.

    Parameters
    ----------
    recognizer : Recognizer
    sources : sequence of FrameSource
    out : str or Path
        The folder. It contains ``summary.csv`` with a line for each video and face, ``summary.html``, and for each
        video a folder with the path of the video and the files ``predictions.csv`` and ``timeline.html``. The
        predictions for single images are in ``images/predictions.csv``. A folder that this function began is
        continued: videos whose file and settings have not changed are not processed again.
    options : FolderOptions, optional
    n_jobs : int, default=1
        Number of processes; the files do not depend on it.
    overwrite : bool, default=False
        Whether to process all videos again.

    Returns
    -------
    FolderSummary
        A video that fails is an error of it and a line of the summary, and the others are processed.

    Raises
    ------
    FerError
        If the folder contains other files or cannot be written.
    """
    options, out = options or FolderOptions(), Path(out)
    names = (SETTINGS, SUMMARY, SUMMARY_PAGE)
    settings = {"version": __version__, "recognizer": joblib.hash(recognizer), "smooth": options.smooth}
    with ResultFolder(out, names, "predict", overwrite, continued=(SETTINGS,)) as results:
        results.claim(SETTINGS)
        text = json.dumps(settings | {"facts": dict(options.facts)}, indent=1)
        write_text(out / SETTINGS, text + "\n")
        tasks = _make_tasks(sources, out, options, json.dumps(settings))
        states = {task.folder: None if overwrite else task.finished() for task in tasks}
        n_reused = sum(state is not None for state in states.values())
        unfinished = [task for task in tasks if states[task.folder] is None]
        calls = (joblib.delayed(_run_task)(recognizer, task, options) for task in unfinished)
        found = parallel(calls, len(unfinished), n_jobs)
        errors: list[str] = []
        for task, (state, text, failures) in zip(unfinished, progress(found, len(unfinished), "videos"), strict=True):
            states[task.folder] = state
            print(text, end="", flush=True)
            for failure in failures:
                errors.append(failure)
                if len(sources) > 1 and len(task.sources) == 1:  # of several images they are printed already
                    print(f"error: {failure}", file=sys.stderr)
        videos = [(task, states[task.folder] or {}) for task in tasks if task.is_video]
        images = [task for task in tasks if not task.is_video]
        n_images = sum(len(task.sources) for task in images)
        with results.publish() as folder:
            write_text(folder / SETTINGS, (out / SETTINGS).read_text(encoding="utf-8"))
            _write_summary(folder / SUMMARY, [row for _, state in videos for row in state["rows"]], recognizer)
            pages = [
                (f"{task.folder.relative_to(out)}/{TIMELINE}" if state["files"] else "", state["rows"])
                for task, state in videos
            ]
            title = f"Expressions in {len(videos)} videos"
            write_page(folder / SUMMARY_PAGE, lambda: video_folder_page(title, pages, n_images, options.facts))
    return FolderSummary(len(videos), n_images, n_reused, errors)


def _make_tasks(sources: Sequence[FrameSource], out: Path, options: FolderOptions, settings: str) -> list[_Task]:
    """A task for each video, and one for all images. Names do not depend on what was processed before."""
    used: dict[str, set[str]] = {"": {IMAGES, SETTINGS, SUMMARY, SUMMARY_PAGE}}
    tasks = []
    images = tuple(source for source in sources if _is_image(source))
    for source in sources:
        if source in images:
            continue
        path = PurePath(source.id or "video")
        parts = [part for part in path.parts if part not in ("..", ".", path.anchor)] or ["video"]
        folder = unused_name("/".join(parts), "", used[""])
        outputs = {}
        for name, given in options.outputs.items():
            suffix = ".mp4" if name == "annotate" else TIMELINE_FORMATS[name].suffix
            stem = (PurePath(source.name).stem or "frames") + ("_faces" if name == "annotate" else "")
            outputs[name] = given / unused_name(stem, suffix, used.setdefault(name, set()))
        tasks.append(_Task((source,), out / folder, outputs, _key(settings, options, [source])))
    if images:
        annotated = {name: path for name, path in options.outputs.items() if name == "annotate"}
        tasks.append(_Task(images, out / IMAGES, annotated, _key(settings, options, images), is_video=False))
    for task in tasks:
        for path in task.outputs.values():
            if task.is_video:
                path.parent.mkdir(parents=True, exist_ok=True)
                check_writable(path)
    return tasks


def _is_image(source: FrameSource) -> bool:
    is_invalid_image = isinstance(source, InvalidSource) and Path(source.name).suffix.lower() in READABLE_SUFFIXES
    return isinstance(source, ImageSource) or is_invalid_image


def _key(settings: str, options: FolderOptions, sources: Sequence[FrameSource]) -> str:
    """Digest of all that determines the files of a task."""
    content = [settings, str(options.as_json), json.dumps(dict(options.facts))]
    files: list[Path] = []
    for source in sources:
        content += [source.id, repr(source.sampling)]
        files += map(Path, source.files if isinstance(source, SequenceSource) else [source.name])
    text = "\0".join(content).encode(errors="surrogateescape")
    return hashlib.sha256(text + b"\0" + file_states(files)).hexdigest()


def _run_task(recognizer: Recognizer, task: _Task, options: FolderOptions) -> tuple[dict[str, Any], str, list[str]]:
    """Process a task; return its state, what is to be printed, and its errors. A failed video leaves no files."""
    printed = io.StringIO()
    source = task.sources[0]
    try:
        with contextlib.redirect_stdout(printed):
            state, errors = _write_task(recognizer, task, options)
    except (FerError, OSError) as error:
        message = " ".join(str(error).split())
        errors = [message if source.name in message else f"{source.name}: {message}"]
        state = {}
    if errors and task.is_video:
        state = {"files": [], "rows": [_failed_row(source, errors[0])]}
    return state or {"files": [], "rows": []}, printed.getvalue(), errors


def _failed_row(source: FrameSource, error: str) -> dict[str, Any]:
    return {"file": source.name, "id": source.id, "status": "unreadable", "error": error}


def _write_task(recognizer: Recognizer, task: _Task, options: FolderOptions) -> tuple[dict[str, Any], list[str]]:
    names = recognizer.class_names if recognizer.has_probabilities else []
    files = [PREDICTIONS, *([PREDICTIONS_JSON] if options.as_json else []), *([TIMELINE] if task.is_video else [])]
    timeline = VideoTimeline()
    with ResultFolder(task.folder, (*files, STATE), "predict", overwrite=True) as results:
        with results.publish() as folder, contextlib.ExitStack() as stack:
            tables = [PREDICTIONS, *([PREDICTIONS_JSON] if options.as_json else [])]
            writers = [stack.enter_context(open_prediction_writer(folder / name, names)) for name in tables]
            batch = BatchPredictor(
                recognizer,
                writers=[writer for writer in writers if writer is not None],
                annotation_writer=AnnotationWriter(task.outputs["annotate"]) if "annotate" in task.outputs else None,
                timeline_writers=[
                    TimelineWriter(name, path) for name, path in task.outputs.items() if name in TIMELINE_FORMATS
                ],
                smooth=options.smooth,
                observe=timeline.add if task.is_video else None,
            )
            interrupted = batch.predict(task.sources)
            if interrupted:
                raise KeyboardInterrupt
            stack.close()
            if batch.errors and task.is_video:
                raise FerError(batch.errors[0])
            rows: list[dict[str, Any]] = []
            if task.is_video:
                rows = _write_timeline(folder, recognizer, task.sources[0], timeline, batch, options)
        state = {"key": task.key, "files": files, "rows": rows}
        if not batch.errors:
            with results.publish() as folder:  # last, so that a folder with it is complete
                write_text(folder / STATE, json.dumps(state, indent=1) + "\n")
    return state, batch.errors


def _write_timeline(
    folder: Path,
    recognizer: Recognizer,
    source: FrameSource,
    timeline: VideoTimeline,
    batch: BatchPredictor,
    options: FolderOptions,
) -> list[dict[str, Any]]:
    timeline.close(1 / source.sampling.sampled_fps(source.fps))
    rows = summarize_video(source.name, source.id, recognizer.class_names, timeline, batch.track_summaries)
    classes = recognizer.class_names
    content = timeline_html(timeline, batch.track_summaries, classes)
    write_page(folder / TIMELINE, lambda: video_timeline_page(source.id, rows, content, options.facts))
    return rows


def _write_summary(path: Path, rows: Sequence[Mapping[str, Any]], recognizer: Recognizer) -> None:
    shares = [f"share_{name}" for name in recognizer.class_names]
    columns = [*dict.fromkeys([*SUMMARY_COLUMNS, *shares]), "error"]
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([escape_formula(name) for name in columns])
        for row in rows:
            lines.writerow([escape_formula(row.get(name, "")) for name in columns])
