"""The blocks of a mail that was built from blocks, as the contract writes them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from workflows_engine.step import Written


class Padding(Written):
    """The room around a block, in pixels."""

    padding_top: int = 0
    padding_right: int = 0
    padding_bottom: int = 0
    padding_left: int = 0


class AlignedPadding(Padding):
    """The room around a block, and where it stands."""

    horizontal_align: Literal["left", "center", "right"] = "left"


class ButtonPadding(Padding):
    """The room around buttons and between them, and where they stand."""

    horizontal_align: Literal["left", "center", "right"] = "left"
    column_gap: int = 0


class Block(Written):
    """What every block has; `version` is kept and not obeyed, all blocks are at version 1."""

    id: str | None = None
    version: int | None = None
    layout_attrs: Padding | None = None

    def templates(self) -> dict[str, str]:
        """The Liquid in this block by its JSON path."""
        return {}


class ButtonSize(Written):
    """How large a button is."""

    is_fullwidth: bool | None = None
    size: Literal["sm", "md", "lg"] | None = None


class ButtonStyle(Written):
    """How a button looks; colours are CSS."""

    background_color: str | None = None
    border_color: str | None = None
    border_radius: int | None = None
    border_width: int | None = None
    text_color: str | None = None


class BlockButton(Written):
    """One button of a set."""

    label: str
    action: str
    variant: Literal["solid", "outline"]
    size_attrs: ButtonSize | None = None
    style_attrs: ButtonStyle | None = None


class ButtonSetBlock(Block):
    """Buttons beside one another."""

    type: Literal["button_set"]
    buttons: list[BlockButton]
    layout_attrs: ButtonPadding | None = None

    def templates(self) -> dict[str, str]:
        found = {}
        for index, button in enumerate(self.buttons):
            found[f"buttons[{index}].label"] = button.label
            found[f"buttons[{index}].action"] = button.action
        return found


class DividerBlock(Block):
    """A line across the mail."""

    type: Literal["divider"]


class HtmlBlock(Block):
    """HTML as it is written."""

    type: Literal["html"]
    content: str

    def templates(self) -> dict[str, str]:
        return {"content": self.content}


class ImageStyle(Written):
    """How wide a picture is, as CSS."""

    width: str | None = None


class ImageBlock(Block):
    """A picture, perhaps one that leads somewhere."""

    type: Literal["image"]
    url: str
    alt: str | None = None
    action: str | None = None
    style_attrs: ImageStyle | None = None
    layout_attrs: AlignedPadding | None = None

    def templates(self) -> dict[str, str]:
        found = {"url": self.url, "alt": self.alt, "action": self.action}
        return {path: text for path, text in found.items() if text is not None}


class MarkdownBlock(Block):
    """Text in Markdown."""

    type: Literal["markdown"]
    content: str
    variant: Literal["default"] | None = None

    def templates(self) -> dict[str, str]:
        return {"content": self.content}


class PartialBlock(Block):
    """A partial with the values it is called with; texts among them may be Liquid."""

    type: Literal["partial"]
    key: str = Field(min_length=1)
    name: str
    attrs: dict[str, Any]

    def templates(self) -> dict[str, str]:
        return {f"attrs.{key}": value for key, value in self.attrs.items() if isinstance(value, str)}


AnyBlock = Annotated[
    ButtonSetBlock | DividerBlock | HtmlBlock | ImageBlock | MarkdownBlock | PartialBlock,
    Field(discriminator="type"),
]

BLOCK_TYPES = ["button_set", "divider", "html", "image", "markdown", "partial"]
