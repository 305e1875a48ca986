"""Directives that generate reference pages: commands from their parsers, components from their registries.

.. command-reference::     a section for each command, with its options
.. dataset-reference::     a section for each data set: layout, reference, licence, source
.. component-table:: KIND  names and descriptions of 'extractors', 'classifiers' or 'presets'
"""

import argparse
import importlib
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from fer_features.classifiers import CLASSIFIERS
from fer_features.cli import COMMANDS, parser
from fer_features.datasets import DATASETS
from fer_features.extractors import EXTRACTORS
from fer_features.presets import PRESETS


class GeneratedPages(SphinxDirective):
    """A directive whose content is reStructuredText made by `lines`."""

    optional_arguments = 1
    titles = True

    def run(self):
        """Parse the generated text in place."""
        container = nodes.section() if self.titles else nodes.container()
        container.document = self.state.document
        text = StringList([line for block in self.lines() for line in block.split("\n")], source=self.name)
        self.state.nested_parse(text, self.content_offset, container, match_titles=self.titles)
        return container.children


class CommandReference(GeneratedPages):
    """A section for each command."""

    def lines(self):
        """The options of the program, and of each command with its help."""
        yield from title("Options without a command", "-")
        yield from option_lists(parser())
        for name, (module, _) in COMMANDS.items():
            yield from title(f"fer-features {name}", "-")
            yield from command(importlib.import_module(f"fer_features.cli.{module}").parser())


class DatasetReference(GeneratedPages):
    """A section for each data set that is recognized."""

    def lines(self):
        """What the objects of the registry say."""
        for name, dataset in DATASETS.items():
            yield from title(name, "-")
            yield f"{sentence(escaped(dataset.description))}\n"
            fields = {
                "Layout": dataset.layout,
                "Reference": dataset.reference,
                "Licence": dataset.licence,
                "Source": dataset.homepage,
            }
            for label, value in fields.items():
                if value:
                    yield f":{label}: {escaped(value)}"
            if dataset.options:
                yield ":Options: " + ", ".join(f"``--{option.replace('_', '-')}``" for option in dataset.options)
            yield ""


class ComponentTable(GeneratedPages):
    """A table of the components of one kind."""

    required_arguments = 1
    optional_arguments = 0
    titles = False

    def lines(self):
        """Rows of the table."""
        (kind,) = self.arguments
        rows = {"extractors": extractor_rows, "classifiers": classifier_rows, "presets": preset_rows}[kind]()
        yield ".. list-table::\n   :header-rows: 1\n   :widths: auto\n"
        for row in rows:
            for i, cell in enumerate(row):
                yield f"   {'* ' if i == 0 else '  '}- {cell}"
        yield ""


def extractor_rows():
    """Name, description, required columns and reference of each extractor."""
    yield "Name", "Features", "Columns", "Reference"
    for name, spec in EXTRACTORS.items():
        required = ", ".join(spec.make().required_columns)
        yield (
            f"``{name}``",
            escaped(first_line(spec.extractor_class)),
            required,
            escaped(spec.extractor_class.reference),
        )


def classifier_rows():
    """Name, description and reference of each classifier."""
    yield "Name", "Classifier", "Reference"
    for name, spec in CLASSIFIERS.items():
        yield f"``{name}``", escaped(spec.description), escaped(spec.reference)


def preset_rows():
    """Name, specification and use of each preset."""
    yield "Name", "Pipeline", "Use"
    for name, preset in PRESETS.items():
        yield f"``{name}``", f"``{preset.specification}``", escaped(preset.description)


def command(one):
    """Usage, description, options and examples of a command."""
    usage = one.format_usage().removeprefix("usage: ")
    yield code(usage)
    yield f"{escaped(' '.join(one.description.split()))}\n"
    if one._subparsers:
        for action in one._subparsers._group_actions:
            for subcommand, below in action.choices.items():
                yield from title(f"{one.prog.removeprefix('fer-features ')} {subcommand}", "~")
                yield from command(below)
        return
    yield from option_lists(one)
    if one.epilog:
        heading, _, examples = one.epilog.partition("\n")
        yield f"{heading.capitalize()}\n"
        yield code("\n".join(line.removeprefix("  ") for line in examples.splitlines()))


def option_lists(one):
    """The options of a parser, by group."""
    formatter = one._get_formatter()
    for group in one._action_groups:
        actions = [a for a in group._group_actions if a.help is not argparse.SUPPRESS]
        if not actions:
            continue
        yield f"**{group.title.capitalize()}**\n"
        for action in actions:
            yield f"``{formatter._format_action_invocation(action)}``"
            yield f"    {escaped(formatter._expand_help(action)) if action.help else ''}\n"
    yield ""


def title(text, character):
    """A title with its underline."""
    yield f"{text}\n{character * len(text)}\n"


def code(text):
    """A block of a command line."""
    return ".. code-block:: text\n\n" + "\n".join(f"   {line}" for line in text.splitlines()) + "\n"


def first_line(kind):
    """First sentence of a docstring."""
    return kind.__doc__.strip().partition("\n")[0]


def sentence(text):
    """A text with a capital letter and a full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def escaped(text):
    """Text without meaning in reStructuredText; web addresses become links by themselves."""
    return re.sub(r"([\\*`|_])", r"\\\1", " ".join(text.split()))


def setup(app):
    """Register the directives."""
    app.add_directive("command-reference", CommandReference)
    app.add_directive("dataset-reference", DatasetReference)
    app.add_directive("component-table", ComponentTable)
    return {"parallel_read_safe": True}
