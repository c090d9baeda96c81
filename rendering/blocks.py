"""Visual blocks of a mail as the HTML that they stand for, still Liquid (E-TEMPLATE-20, E-TEMPLATE-21)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, Final

from liquid.exceptions import LiquidSyntaxError
from markdown_it import MarkdownIt

from rendering.errors import TemplateError
from rendering.limits import check_source
from rendering.markdown import MARKDOWN_CHARACTERS

Block = Mapping[str, Any]

BASE_STYLES: Final = """<style>
.block-row.block-row--button_set-v1 .block-button {
  display: inline-block; box-sizing: border-box; text-decoration: none; -webkit-text-size-adjust: none;
}
.block-row.block-row--button_set-v1 .block-button.block-button--outline { border-style: solid; }
.block-row.block-row--button_set-v1 .block-button.block-button--sm {
  font-size: 14px; line-height: 20px; min-width: 32px; padding: 4px 8px 4px 8px;
}
.block-row.block-row--button_set-v1 .block-button.block-button--md {
  font-size: 16px; line-height: 24px; min-width: 40px; padding: 8px 16px 8px 16px;
}
.block-row.block-row--button_set-v1 .block-button.block-button--lg {
  font-size: 18px; line-height: 28px; min-width: 48px; padding: 12px 24px 12px 24px;
}
.block-row.block-row--button_set-v1 .block-button.block-button--full { width: 100%; text-align: center; }
.block-row.block-row--divider-v1 .block-divider { border-bottom: 1px solid #dddee1; }
.block-row.block-row--image-v1 .block-image { border: 0; max-width: 100%; }
.block-row.block-row--markdown-v1 .block-markdown > :first-child { margin-top: 0; }
.block-row.block-row--markdown-v1 .block-markdown > :last-child { margin-bottom: 0; }
</style>"""
"""What every page of blocks has at the top of its head."""

_SIDES: Final = ("padding_top", "padding_right", "padding_bottom", "padding_left")
_PIXELS: Final = frozenset({"border_width", "border_radius"})
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
_LIQUID: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ALONE_OUTPUT: Final = re.compile(r"\s*\{\{-?(?P<expression>(?:(?!\}\}).)*?)-?\}\}\s*", re.DOTALL)
# Letters and digits only, so that Markdown makes nothing of them, not even in an address.
_MARK: Final = "liquid9z{}z9diuqil"
_MARKED: Final = re.compile(r"liquid9z(\d{1,9})z9diuqil")
_ALONE: Final = re.compile(r"<p>\s*liquid9z(\d{1,9})z9diuqil\s*</p>")
# Who writes a block could as well write a block of HTML: nothing is won by escaping theirs.
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def blocks_to_html(blocks: Iterable[Block], *, in_mjml: bool = False) -> str:
    """The blocks as one Liquid template of HTML; within MJML each is a component of it.

    Raises `TemplateError` for a block of an unknown type.
    """
    rows = [_row(block) for block in blocks]
    if in_mjml:
        # A row is not allowed in a column as it is: there stand cells of a table.
        rows = [f'<mj-text padding="0">{row}</mj-text>' for row in rows]
    return "\n".join(rows)


def compile_markdown(markdown: str) -> str:
    """Markdown as HTML with its Liquid untouched; a tag that is a paragraph of its own stands without one."""
    if len(markdown) > MARKDOWN_CHARACTERS:
        raise TemplateError(f"the Markdown is longer than {MARKDOWN_CHARACTERS} characters")
    liquid: list[str] = []

    def hide(found: re.Match[str]) -> str:
        liquid.append(found[0])
        return _MARK.format(len(liquid) - 1)

    def show(found: re.Match[str]) -> str:
        return liquid[int(found[1])] if int(found[1]) < len(liquid) else found[0]

    def show_tag(found: re.Match[str]) -> str:
        shown = liquid[int(found[1])] if int(found[1]) < len(liquid) else ""
        return shown if shown.startswith("{%") else found[0]

    html: str = _MARKDOWN.render(_LIQUID.sub(hide, markdown))
    return _MARKED.sub(show, _ALONE.sub(show_tag, html))


def _row(block: Block) -> str:
    _check(block)
    kind = str(block.get("type"))
    write = _WRITERS.get(kind)
    if write is None:
        raise TemplateError(f"there is no visual block of type '{kind}'")
    layout = block.get("layout_attrs") or {}
    styles = [f"{side.replace('_', '-')}: {layout[side]}px" for side in _SIDES if side in layout]
    if layout.get("horizontal_align"):
        styles.append(f"text-align: {layout['horizontal_align']}")
    version = block.get("version") or 1
    return f'<div class="block-row block-row--{kind}-v{version}"{_style(styles)}>{write(block)}</div>'


def _check(value: object) -> None:
    """Raise `TemplateError` for Liquid, anywhere in the block, that is too slow to read."""
    if isinstance(value, str):
        try:
            check_source(value)
        except LiquidSyntaxError as err:
            raise TemplateError(str(err.message)) from err
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            _check(item)


def _markdown(block: Block) -> str:
    return f'<div class="block-markdown">{compile_markdown(block["content"])}</div>'


def _html(block: Block) -> str:
    return str(block["content"])


def _divider(_: Block) -> str:
    return '<div class="block-divider"></div>'


def _image(block: Block) -> str:
    width = (block.get("style_attrs") or {}).get("width")
    styles = [f"width: {_length(width)}"] if width else []
    image = (
        f'<img class="block-image" src="{_quoted(block["url"])}" alt="{_quoted(block.get("alt") or "")}"'
        f"{_style(styles)}>"
    )
    action = block.get("action")
    return f'<a href="{_quoted(action)}">{image}</a>' if action else image


def _button_set(block: Block) -> str:
    gap = (block.get("layout_attrs") or {}).get("column_gap")
    buttons = [_button(button, gap if index else None) for index, button in enumerate(block["buttons"])]
    return "\n".join(buttons)


def _button(button: Block, gap: object) -> str:
    size = button.get("size_attrs") or {}
    classes = [
        f"block-button--{button.get('variant') or 'solid'}",
        f"block-button--{size.get('size') or 'md'}",
    ]
    if size.get("is_fullwidth"):
        classes.append("block-button--full")
    styles = []
    for name, value in (button.get("style_attrs") or {}).items():
        key = "color" if name == "text_color" else name.replace("_", "-")
        styles.append(f"{key}: {f'{value}px' if name in _PIXELS else _quoted(str(value))}")
    if gap is not None:
        styles.append(f"margin-left: {gap}px")
    return (
        f'<a class="block-button {" ".join(classes)}" href="{_quoted(button["action"])}" target="_blank"'
        f"{_style(styles)}>{button['label']}</a>"
    )


def _partial(block: Block) -> str:
    """The tag that renders it; text among the attributes is Liquid, whose result is what is given."""
    attrs: Mapping[str, Any] = block.get("attrs") or {}
    for name in attrs:
        if not _NAME.fullmatch(name):
            raise TemplateError(f"the partial's attribute '{name}' is no name")
    attributes = _Attributes()
    given = "".join(f", {name}: {attributes.add(value)}" for name, value in attrs.items())
    return f"{''.join(attributes.before)}{{% render '{block['key']}'{given} %}}"


class _Attributes:
    """Liquid that makes one variable of each attribute of a partial."""

    def __init__(self) -> None:
        self.before: list[str] = []
        self._made = 0

    def add(self, value: object) -> str:
        """The name of a variable that holds the value when it is rendered."""
        if isinstance(value, str) and (expression := _expression(value)):
            # Printing a list would lose its structure, which a schema may want.
            return self._make(f"{{% assign {{}} = {expression} %}}")
        return self._capture(value if isinstance(value, str) else self._json(value))

    def _json(self, value: object) -> str:
        """A template of JSON; each text in it that is Liquid is rendered first, and then quoted."""
        if isinstance(value, Mapping):
            return (
                "{" + ", ".join(f"{json.dumps(key)}: {self._json(item)}" for key, item in value.items()) + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(map(self._json, value)) + "]"
        if isinstance(value, str) and _LIQUID.search(value):
            return f"{{{{ {_expression(value) or self._capture(value)} | json }}}}"
        return json.dumps(value, ensure_ascii=False)

    def _capture(self, text: str) -> str:
        return self._make(f"{{% capture {{}} %}}{text}{{% endcapture %}}")

    def _make(self, template: str) -> str:
        name = f"block_attribute_{self._made}"
        self._made += 1
        self.before.append(template.replace("{}", name, 1))
        return name


def _expression(text: str) -> str | None:
    """What stands between the braces, where the text is one `{{ … }}` and nothing else."""
    found = _ALONE_OUTPUT.fullmatch(text)
    return None if found is None else found["expression"].strip() or None


def _quoted(value: object) -> str:
    """Safe between quotes, with its Liquid as it is."""
    text, at, safe = str(value), 0, []
    for tag in _LIQUID.finditer(text):
        safe += [escape(text[at : tag.start()]), tag[0]]
        at = tag.end()
    return "".join([*safe, escape(text[at:])])


def _length(value: object) -> str:
    text = str(value)
    return f"{text}px" if text.isdigit() else _quoted(text)


def _style(styles: list[str]) -> str:
    return f' style="{"; ".join(styles)}"' if styles else ""


_WRITERS: Final[dict[str, Callable[[Block], str]]] = {
    "button_set": _button_set,
    "divider": _divider,
    "html": _html,
    "image": _image,
    "markdown": _markdown,
    "partial": _partial,
}
