"""A model of one's own expressions: clips of a minute, a fitted pipeline, an honest estimate, and files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._result_folder import save_results
from .._text import counted
from ..datasets import write_packed
from ..evaluation.rejection import UNCERTAIN
from ..exceptions import FerError
from ..faces.localizer import FaceView
from ..pipelines import make_pipeline
from ..samples.table import Samples
from ..trained_model import MODEL_OUTPUTS, TrainedModel, fit_on_training_samples
from .lesson_data import NEUTRAL, LessonClip, chosen_views, lesson_samples, neutral_view
from .lesson_estimate import LessonEstimate, estimate_lesson

#: Texture and shape relative to the neutral face, in a linear classifier: quick to fit, and accurate for few samples.
LESSON_PIPELINE = "hogdiff_landmarks_linear"
#: Clips of an expression, and of a clip frames with a face, that are needed at least.
MIN_CLIPS, MIN_FACES = 2, 3
#: Limits of one lesson.
MAX_CLIPS, MAX_SUBJECTS, MAX_NAME_LENGTH = 300, 20, 40
#: File of the data set in the folder of a saved lesson.
LESSON_DATA = "faces.h5"


class Lesson:
    """Clips of expressions of one subject or several ones, and the model that is fitted on them.

    Parameters
    ----------
    pipeline : str, default `LESSON_PIPELINE`
        It compares a face with the neutral face.

    Attributes
    ----------
    clips : list of LessonClip
    model : TrainedModel or None
        Fitted on all clips, see `fit`.
    estimate : LessonEstimate or None
    saved : list of Path
        Folders of this lesson.
    """

    def __init__(self, pipeline: str = LESSON_PIPELINE):
        self.pipeline = pipeline
        self.clips: list[LessonClip] = []
        self.model: TrainedModel | None = None
        self.estimate: LessonEstimate | None = None
        self.saved: list[Path] = []
        self._n_recorded = 0

    @property
    def classes(self) -> list[str]:
        """Names of the expressions, in the order of their first clips."""
        return list(dict.fromkeys(clip.expression for clip in self.clips))

    @property
    def neutral(self) -> dict[str, FaceView]:
        """Neutral face of each subject: the view of its neutral clips that is nearest to the median shape."""
        views: dict[str, list[FaceView]] = {}
        for clip in self.clips:
            if clip.expression == NEUTRAL:
                views.setdefault(clip.subject, []).extend(clip.views)
        return {subject: neutral_view(own) for subject, own in views.items()}

    def add_clip(self, subject: str, expression: str, views: Sequence[FaceView]) -> LessonClip:
        """Add a clip of an expression, of which evenly spaced frames are used.

        Parameters
        ----------
        subject : str
        expression : str
            Any name; `NEUTRAL` for the neutral face, which is the first clip of each subject.
        views : sequence of FaceView
            With landmarks, of consecutive frames.

        Returns
        -------
        LessonClip

        Raises
        ------
        FerError
            For too few views, too many clips or subjects, an invalid name, and a subject without a neutral face.
        """
        subject, expression = checked_name(subject, "person"), checked_name(expression, "expression")
        subjects = {clip.subject for clip in self.clips if clip.expression == NEUTRAL}
        if expression.lower() == NEUTRAL:
            expression = NEUTRAL
        elif subject not in subjects:
            raise FerError(f"the neutral face of {subject} is needed first: expressions are compared with it")
        if expression.lower() == UNCERTAIN:
            raise FerError(f"'{expression}' cannot be the name of an expression: it has a meaning of its own")
        if len(self.clips) >= MAX_CLIPS:
            raise FerError(f"a lesson has at most {MAX_CLIPS} clips")
        if len(subjects | {subject}) > MAX_SUBJECTS:
            raise FerError(f"a lesson has at most {MAX_SUBJECTS} persons")
        if len(views) < MIN_FACES:
            raise FerError(
                f"a face was visible in {len(views)} frames of the clip: at least {MIN_FACES} are needed. Look at the "
                "camera, in good light"
            )
        self._n_recorded += 1
        clip = LessonClip(self._n_recorded, subject, expression, chosen_views(views))
        self.clips.append(clip)
        return clip

    def remove_clip(self, number: int) -> None:
        """Remove a clip.

        Raises
        ------
        FerError
            If there is none of this number.
        """
        kept = [clip for clip in self.clips if clip.number != number]
        if len(kept) == len(self.clips):
            raise FerError(f"there is no clip {number}")
        self.clips = kept

    def samples(self) -> Samples:
        """The table of all clips.

        Raises
        ------
        FerError
            For fewer than two expressions, or an expression with fewer than `MIN_CLIPS` clips.
        """
        counts = Counter(clip.expression for clip in self.clips)
        n_expressions = len(counts.keys() - {NEUTRAL})
        if n_expressions < 2:
            raise FerError(
                f"the clips show {counted(n_expressions, 'expression')}: two are needed beside the neutral face"
            )
        few = [name for name, n_clips in counts.items() if n_clips < MIN_CLIPS]
        if few:
            raise FerError(f"{', '.join(few)}: at least {MIN_CLIPS} clips of each expression are needed")
        neutral = self.neutral
        missing = sorted({clip.subject for clip in self.clips} - set(neutral))
        if missing:
            raise FerError(f"{', '.join(missing)}: the neutral face is needed, expressions are compared with it")
        return lesson_samples(self.clips, neutral, self.classes)

    def fit(self) -> LessonEstimate:
        """Evaluate the pipeline, and fit it on all clips; sets `model` and `estimate`.

        Raises
        ------
        FerError
            As `samples`.
        """
        X = self.samples()
        # Temperature scaling changes no prediction, and would multiply the time of the folds.
        estimate = estimate_lesson(make_pipeline(self.pipeline, calibration_cv=0), X)
        # Frames of one clip resemble each other: the folds of the calibration have whole clips.
        by_clip = X.with_columns(subject=X["clip"])
        model = fit_on_training_samples(make_pipeline(self.pipeline, calibration_cv=MIN_CLIPS), by_clip)
        self.model = TrainedModel(model, X, self.pipeline, scores=estimate.score)
        self.estimate = estimate
        return estimate

    def save(self, folder: Path) -> Path:
        """Write the model as a run folder, and the clips beside it as a packed data set.

        Parameters
        ----------
        folder : Path
            It must not exist.

        Raises
        ------
        FerError
            If nothing was fitted, or the folder cannot be written or is not empty.
        """
        trained = self.model
        if trained is None:
            raise FerError("there is no model yet: fit it first")

        def write(temporary: Path) -> None:
            trained.write(temporary)
            write_packed(trained.X, temporary / LESSON_DATA)

        save_results(folder, (*MODEL_OUTPUTS, LESSON_DATA), "teach", False, write)
        self.saved.append(folder)
        return folder

    def delete(self) -> None:
        """Delete everything: clips, neutral faces, model, and the folders of this lesson with their files.

        Raises
        ------
        FerError
            If a file cannot be deleted; the rest is deleted.
        """
        self.clips, self.model, self.estimate = [], None, None
        kept = []
        for folder in self.saved:
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                pass
            except OSError as error:
                kept.append(f"{error.filename}: {error.strerror}")
        self.saved = []
        if kept:
            raise FerError(f"these files could not be deleted: {', '.join(kept)}")

    def summary(self) -> dict[str, Any]:
        """Number, subject and expression of each clip, and what was made of them, for the page."""
        return {
            "clips": [
                {"number": clip.number, "subject": clip.subject, "expression": clip.expression} for clip in self.clips
            ],
            "is_fitted": self.model is not None,
            "saved": [folder.name for folder in self.saved],
        }


def checked_name(name: str, what: str) -> str:
    """A name without surrounding blanks.

    Raises
    ------
    FerError
        If it is empty, too long, or has characters that cannot be printed.

    Examples
    --------
    >>> checked_name(" left  wink ", "expression")
    'left wink'
    """
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not text or len(text) > MAX_NAME_LENGTH or not text.isprintable():
        raise FerError(f"a name of the {what} of 1 to {MAX_NAME_LENGTH} characters is needed")
    return text
