"""Small experiments and their pages, for the tests of reports."""

import dataclasses

from fer_features import DataInfo, Samples, evaluate, make_pipeline
from fer_features.reports.run import run_page

from ..conftest import draw_clips
from ..html_pages import check_page

#: Class names with characters of HTML and Markdown.
NAMES = ("joy", '<b>fear</b> & "so"', "surprise|*")


def make_toys(n_subjects=6):
    """Clips of some subjects, with class names and ids that must be escaped; 6 samples of each subject."""
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, height=70, width=60)
    info = DataInfo(dataset="<i>toy</i>", classes=NAMES, subjects_from="arrays", source="a & b")
    ids = [f"<u>{i}</u>" for i in range(len(label))]
    return Samples.from_arrays(images, landmarks, label, subject, id=ids, info=info)


def run_toy(pipeline, X, cv=None, **settings):
    """The `Experiment` of a pipeline, with a fitted model."""
    experiment = evaluate(make_pipeline(pipeline, **settings), X, cv)
    return dataclasses.replace(experiment, settings=settings, command="run <now>").fitted()


def page_of(experiment, **changes):
    """The page of an `Experiment` after changes of its attributes."""
    one = dataclasses.replace(experiment, **changes)
    return run_page(one, one.X, one.settings, command=one.command, search=one.search)


def check_report(text):
    """`check_page`, and limits of reports on the size of images and the order of links; returns the parsed page."""
    page = check_page(text)
    assert all(0 < int(image["width"]) <= 200 for image in page.all("img"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert [link["href"] for link in page.all("a")] == [f"#{section}" for section in ids]
    return page
