"""Formulas as MathML, which browsers render without scripts of other hosts."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def visit_math(self, node):
    """Formula within a line."""
    self.body.append(convert(node.astext(), display="inline"))
    raise SkipNode


def visit_math_block(self, node):
    """Formula on a line of its own."""
    self.body.append(convert(node.astext(), display="block"))
    raise SkipNode


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True}
