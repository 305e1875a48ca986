"""Configuration of the documentation: `make docs` builds it without access to a network."""

import sys
from pathlib import Path

from fer_features.version import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "fer_features"
author = "fer_features developers"
copyright = "fer_features developers"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "reference_pages",
    "mathml",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples", "gallery/*.ipynb", "gallery/*.py"]
nitpicky = True
# Types of other packages: their pages are not available without a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!fer_features).*")]

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["config.cache"]

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False  # the template of classes shows them

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_.*\.py",
    "within_subsection_order": "gallery_support.GalleryOrder",
    "image_scrapers": ("gallery_support.figure_scraper", "matplotlib"),
    "reset_modules": ("matplotlib", "gallery_support.restore_registries"),
    "reset_modules_order": "both",
    "capture_repr": ("_repr_html_",),
    "abort_on_example_error": True,
    "show_memory": False,
    "plot_gallery": "True",
    "show_signature": False,
    "write_computation_times": False,  # its page loads scripts of other hosts
    "min_reported_time": 1000,
}

html_theme = "pydata_sphinx_theme"
html_title = "fer_features"
html_static_path = ["_static"]
html_logo = html_favicon = "_static/logo.svg"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 5,
}
html_sidebars = {"start": [], "comparison": [], "changelog": []}
