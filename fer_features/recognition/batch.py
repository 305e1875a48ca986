"""Recognition of several inputs, with results written while they are computed."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence

from .._progress import progress
from ..exceptions import FerError
from .annotation_writer import AnnotatedVideo, AnnotationWriter
from .frame_results import FacePrediction, FrameResult, TrackSummary
from .openface import OpenFaceWriter
from .prediction_writer import PredictionWriter
from .recognizer import Recognizer
from .records import PredictionRecord, frame_records, summary_record
from .smoothing import smooth_results
from .sources import FrameSource
from .stream import Stream, SupportsTracking
from .timeline_writer import TimelineFile, TimelineWriter


class BatchPredictor:
    """Predict the expressions in several inputs. An input that fails does not stop the others.

    Parameters
    ----------
    recognizer : Recognizer
    tracker : SupportsTracking, optional
        Replaces the tracker of the recognizer. Then there must be only one stream.
    writers : sequence of PredictionWriter, default ()
        Write the records. Without one the predictions for images are printed.
    annotation_writer : AnnotationWriter, optional
        Writes annotated images and videos.
    openface_writer : OpenFaceWriter, optional
        Writes landmarks.
    timeline_writers : sequence of TimelineWriter, default ()
        Write the expressions of streams as segments.
    smooth : float, default 0
        Window of the temporal smoothing of streams in seconds, see `smooth_results`; causal for cameras.
    observe : callable, optional
        Receives each `FrameResult` of streams.

    Attributes
    ----------
    n_records : int
        Number of records of faces and frames.
    n_classified : int
        Number of records with an expression.
    errors : list of str
        The message of each input that failed.
    track_summaries : list of TrackSummary
        Of all streams.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        tracker: SupportsTracking | None = None,
        writers: Sequence[PredictionWriter] = (),
        annotation_writer: AnnotationWriter | None = None,
        openface_writer: OpenFaceWriter | None = None,
        timeline_writers: Sequence[TimelineWriter] = (),
        smooth: float = 0.0,
        observe: Callable[[FrameResult], None] | None = None,
    ):
        self.recognizer, self.tracker = recognizer, tracker
        self.writers, self.annotation_writer, self.openface_writer = writers, annotation_writer, openface_writer
        self.timeline_writers = timeline_writers
        self.n_records = self.n_classified = 0
        self.smooth, self.observe = smooth, observe
        self.errors: list[str] = []
        self.track_summaries: list[TrackSummary] = []

    def predict(self, sources: Sequence[FrameSource]) -> bool:
        """Process all sources. Where there are several, an error is printed for each that fails.

        Returns
        -------
        bool
            Whether Ctrl-C ended the work early.
        """
        only_images = not any(source.is_stream for source in sources)
        shown = progress(sources, len(sources), "images") if only_images else sources
        try:
            for source in shown:
                try:
                    if source.is_stream:
                        self._predict_stream(source)
                    else:
                        self._predict_image(source)
                except FerError as error:
                    message = " ".join(str(error).split())
                    self.errors.append(message if source.name in message else f"{source.name}: {message}")
                    if len(sources) > 1:
                        print(f"error: {self.errors[-1]}", file=sys.stderr)
                    self._write(PredictionRecord(source.name, status="unreadable", id=source.id))
        except KeyboardInterrupt:
            return True
        return False

    def _predict_image(self, source: FrameSource) -> None:
        (frame,) = source
        result = FrameResult(
            frame, self.recognizer.predict(frame.image, neutral=self.recognizer.neutral_file_for(source.name))
        )
        self._write_frame(source, result)
        if self.annotation_writer:
            self.annotation_writer.write_image(source.name, result)
        if not self.writers:
            print(f"{source.name}: {_format_faces(result.faces)}", flush=True)

    def _predict_stream(self, source: FrameSource) -> None:
        stream = self.recognizer.stream(source, self.tracker)
        writer = self.annotation_writer
        stopped: BaseException | None = None
        with contextlib.ExitStack() as stack:
            video = stack.enter_context(writer.open_video(source.name)) if writer else None
            timelines = [
                stack.enter_context(one.open(source.name, lambda: source.sampling.sampled_fps(source.fps)))
                for one in self.timeline_writers
            ]
            try:
                self._process_frames(source, stream, video, timelines)
            except (FerError, KeyboardInterrupt) as error:
                stopped = error  # raised below, so that the files of the processed frames are kept
        self.track_summaries += stream.track_summaries
        for summary in stream.track_summaries:
            self._write(dataclasses.replace(summary_record(source.name, summary), id=source.id))
            print(f"{source.name}: {_format_summary(summary)}", flush=True)
        # Ctrl-C is the regular end of a camera stream.
        if stopped is not None and not (isinstance(stopped, KeyboardInterrupt) and source.is_live):
            raise stopped

    def _process_frames(
        self, source: FrameSource, stream: Stream, video: AnnotatedVideo | None, timelines: Sequence[TimelineFile]
    ) -> None:
        last = ""
        with contextlib.closing(iter(stream)) as frames:
            results: Iterator[FrameResult] = frames
            if self.smooth:
                results = smooth_results(frames, self.smooth, self.recognizer.label_of, causal=source.is_live)
            for result in _with_progress(source, results):
                if self.observe is not None:
                    self.observe(result)
                records = self._write_frame(source, result)
                for timeline in timelines:
                    timeline.add(records)
                if self.openface_writer:
                    self.openface_writer.write(result)
                if video is not None:
                    video.write(result, source.sampling.sampled_fps(source.fps))
                if source.is_live and (labels := _format_labels(result.faces)) != last:
                    last = labels
                    print(f"{result.frame.timestamp:.1f} s: {_format_faces(result.faces)}", flush=True)

    def _write_frame(self, source: FrameSource, result: FrameResult) -> list[PredictionRecord]:
        records = [dataclasses.replace(one, id=source.id) for one in frame_records(source.name, result)]
        for record in records:
            self._write(record)
            self.n_records += 1
            self.n_classified += bool(record.expression)
        return records

    def _write(self, record: PredictionRecord) -> None:
        for writer in self.writers:
            writer.add(record)


def _with_progress(source: FrameSource, results: Iterator[FrameResult]) -> Iterator[FrameResult]:
    """Show progress if the number of frames is known, which is the case once the source is open."""
    first = next(results, None)
    if first is None:
        return
    results = itertools.chain([first], results)
    if source.n_frames is None:
        yield from results
        return
    fraction = source.sampling.sampled_fps(source.fps) / source.fps
    yield from progress(results, max(1, round(fraction * source.n_frames)), f"frames of {source.name}")


def _format_labels(faces: Sequence[FacePrediction]) -> str:
    return " ".join(f"{face.face_id} {face.expression or face.status}" for face in faces)


def _format_faces(faces: Sequence[FacePrediction]) -> str:
    """Format the faces of a frame as one line."""
    if not faces:
        return "no face"
    parts = []
    for face in faces:
        label = _format_label(face.expression, face.probabilities) if face.expression else face.status
        parts.append(f"face {face.face_id} {label}" if len(faces) > 1 else label)
    return ", ".join(parts)


def _format_summary(summary: TrackSummary) -> str:
    """Format the summary of a face track as one line."""
    if not summary.expression:
        return f"face {summary.face_id}: no frame with an expression"
    label = _format_label(summary.expression, summary.probabilities)
    if summary.apex is None:
        return f"face {summary.face_id}: {label} (mean of {summary.n_frames} frames)"
    return (
        f"face {summary.face_id}: {label} at the apex, frame {summary.apex.frame}, {summary.apex.timestamp:.2f} s "
        f"(strongest apex of {len(summary.apexes)}, {summary.n_frames} frames)"
    )


def _format_label(expression: str, probabilities: dict[str, float]) -> str:
    return f"{expression} {probabilities[expression]:.2f}" if expression in probabilities else expression
