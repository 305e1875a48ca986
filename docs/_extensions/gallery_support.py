"""Settings of the gallery: order of the examples, figures that pyplot does not manage, and registries as before."""

from pathlib import Path

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

from fer_features.classifiers import CLASSIFIERS
from fer_features.datasets import DATASETS
from fer_features.extractors import EXTRACTORS

#: Examples from the first steps to the details.
ORDER = (
    "plot_first_loso",
    "plot_random_or_grouped",
    "plot_features",
    "plot_neutral_reference",
    "plot_custom_extractor",
    "plot_grid_search",
    "plot_compare_pipelines",
    "plot_calibration",
    "plot_feature_importance",
    "plot_landmarks_photo",
    "plot_expression_over_time",
    "plot_own_files",
)

REGISTRIES = CLASSIFIERS, DATASETS, EXTRACTORS
BUILT_IN = [dict(registry) for registry in REGISTRIES]


class GalleryOrder:
    """Sort key of the examples: their position in `ORDER`."""

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __call__(self, filename):
        """Position of an example."""
        return ORDER.index(Path(filename).stem)


def figure_scraper(block, block_vars, gallery_conf):
    """Save the figure that the last expression of a cell returns, as notebooks show it.

    Functions of the package make figures without pyplot, so that they need no display; the scraper of matplotlib finds
    those of pyplot only.
    """
    variables = block_vars["example_globals"]
    figure = variables.get("___")
    if not isinstance(figure, Figure) or figure.canvas.manager is not None:
        return ""
    variables["___"] = None  # the variable keeps its value where the next cell does not end in an expression
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path, format="png", dpi=100)
    return figure_rst([path], gallery_conf["src_dir"])


def restore_registries(gallery_conf, fname):
    """Remove what an example has registered: the reference pages and other examples show the package as it is."""
    for registry, built_in in zip(REGISTRIES, BUILT_IN, strict=True):
        registry.clear()
        registry.update(built_in)
