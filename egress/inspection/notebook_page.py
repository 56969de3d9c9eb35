"""Renders a notebook with nbconvert for checkers: code folded, every form of every output shown, nothing hidden.

nbconvert shows one form of an output and leaves out raw cells and cells with certain metadata; a checker must see all.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any

import nbformat
from nbconvert.exporters.html import HTMLExporter

from egress.inspection.cleaning import Pictures, clean_html
from egress.inspection.notebooks import PICTURE_OUTPUTS, TEXT_OUTPUTS

# These libraries are typed only in part.
READ: Any = nbformat.reads
EMPTY: Any = nbformat.NotebookNode
EXPORTER: Any = HTMLExporter

TEMPLATE = """{%- extends 'basic/index.html.j2' -%}
{% block any_cell %}<p class="{{ cell.sde_place }}">Cell</p>{{ super() }}{% endblock %}
{% block input_group %}<details><summary>Code</summary>{{ super() }}</details>{% endblock %}
{% block rawcell %}<pre>{{ cell.source | escape_html }}</pre>{% endblock %}
{% block output %}{{ super() }}
{% if output.data is defined and output.data | length > 1 %}<details><summary>Other forms of this output</summary>
{% for form, text in output.data.items() if not form.startswith('image/') %}
<p>{{ form | escape_html }}</p><pre>{{ text | string | escape_html }}</pre>{% endfor %}</details>{% endif %}
{% endblock %}
{% block data_png %}<img src="{{ output.data['image/png'] | escape_html }}">{% endblock %}
{% block data_jpg %}<img src="{{ output.data['image/jpeg'] | escape_html }}">{% endblock %}
{% block data_svg %}<img src="{{ output.data['image/svg+xml'] | escape_html }}">{% endblock %}
"""
ATTACHMENT = re.compile(r"attachment:([^)\s\"']+)")
PLACE = re.compile(r'<p class="(place-[0-9a-f]{16})-(\d+)">Cell</p>')
Mark = Callable[[int], str]
KEPT_FORMS = TEXT_OUTPUTS.keys() | PICTURE_OUTPUTS.keys()


def render_notebook(text: str, pictures: Pictures, mark: Mark) -> str:
    """The notebook as cleaned html, without a page around it. Raises what nbformat raises on a broken notebook.

    Args:
        text: the notebook's JSON.
        pictures: where its pictures are kept.
        mark: what is put behind the number of a cell (counted from 1) to end its line; html that is safe already.
    """
    notebook = READ(text, as_version=4)
    place = f"place-{secrets.token_hex(8)}"  # not to be guessed, so that no text of the notebook stands for a place
    notebook.metadata = EMPTY(language_info=EMPTY(name="python", pygments_lexer="python"))
    for number, cell in enumerate(notebook.cells, start=1):
        cell.sde_place = f"{place}-{number}"
        cell.metadata = EMPTY()  # tags and "transient" can hide a cell
        _show_attachments(cell, pictures)
        cell.outputs = [_shown(output, pictures) for output in cell.get("outputs", [])]
    exporter = EXPORTER(template_name="basic", raw_template=TEMPLATE, sanitize_html=True)
    exporter.register_filter("clean_html", lambda html: clean_html(str(html), pictures))
    body, _ = exporter.from_notebook_node(notebook)
    return PLACE.sub(
        lambda found: f'<p class="place">Cell {found[2]}{mark(int(found[2]))}' if found[1] == place else "",
        clean_html(body, pictures),
    )


def _show_attachments(cell: Any, pictures: Pictures) -> None:
    """Every attachment as a picture where the text names it, or below the text."""
    tokens = {}
    for name, bundle in cell.pop("attachments", {}).items():
        for form, value in bundle.items():
            tokens[name] = _picture(form, value, pictures)
    named = ATTACHMENT.findall(cell.source)
    cell.source = ATTACHMENT.sub(lambda found: tokens.get(found[1], ""), cell.source)
    cell.source += "".join(f"\n\n![]({token})" for name, token in tokens.items() if token and name not in named)


def _shown(output: Any, pictures: Pictures) -> Any:
    """An output with its pictures as tokens and with forms that are not shown named instead."""
    output.metadata = EMPTY()
    for form in list(output.get("data", {})):
        value = output.data[form]
        if form in PICTURE_OUTPUTS or form == "image/svg+xml":
            output.data[form] = _picture(form, value, pictures)
        elif form not in KEPT_FORMS:
            output.data.pop(form)
            output.data["text/plain"] = f"{output.data.get('text/plain', '')}\n[an output of type {form} is not shown]"
    return output


def _picture(form: str, value: Any, pictures: Pictures) -> str:
    text = "".join(value) if isinstance(value, list) else str(value)
    if form == "image/svg+xml":
        return pictures.add(text.encode(), form)
    try:
        return pictures.add(base64.b64decode(text), form)
    except ValueError:
        return ""
