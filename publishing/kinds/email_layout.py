"""Email layouts: what stands around the bodies of mails (E-TEMPLATE-17)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.values.content import ContentType
from publishing.kinds.kind import Checked, Kind
from publishing.kinds.templates import check_templates
from publishing.mistakes import Mistake, NotPublishable, mistakes_of
from rendering.references import variables_of

Color = Field(default=None, pattern=r"^#(?:[A-Fa-f0-9]{3}|[A-Fa-f0-9]{6})$")


class BrandingOverrides(BaseModel):
    """Branding of this layout alone; what is left out is the account's or the tenant's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logo_url: str | None = None
    icon_url: str | None = None
    dark_logo_url: str | None = None
    dark_icon_url: str | None = None
    primary_color: str | None = Color
    primary_color_contrast: str | None = Color
    dark_primary_color: str | None = Color
    dark_primary_color_contrast: str | None = Color
    primary_text_color: str | None = Color
    secondary_text_color: str | None = Color


class FooterLink(BaseModel):
    """A link at the foot of the mail, both sides Liquid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    url: str


class EmailLayoutContent(BaseModel):
    """The body of `EmailLayoutRequest` in the management contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=255)
    html_layout: str
    text_layout: str
    footer_links: list[FooterLink] | None = Field(default=None, max_length=100)
    is_mjml: bool | None = None
    branding_overrides: BrandingOverrides | None = None


def check(_key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        layout = EmailLayoutContent.model_validate(content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error)) from error
    sources = {"html_layout": layout.html_layout, "text_layout": layout.text_layout}
    for index, link in enumerate(layout.footer_links or []):
        sources |= {f"footer_links[{index}].text": link.text, f"footer_links[{index}].url": link.url}
    mistakes, references = check_templates(sources)
    for path in ("html_layout", "text_layout") if not mistakes else ():
        if ("content",) not in variables_of(sources[path]):
            mistakes.append(Mistake(path, "must print {{ content }}: the body of the mail goes there"))
    if layout.is_mjml and "<mjml" not in layout.html_layout:
        mistakes.append(Mistake("html_layout", "is_mjml is true, so the root must be <mjml>"))
    if mistakes:
        raise NotPublishable(mistakes)
    return Checked(references, {"is_mjml": bool(layout.is_mjml)})


EMAIL_LAYOUT = Kind(
    type=ContentType.EMAIL_LAYOUT,
    readonly=("environment", "key", "sha", "created_at", "updated_at"),
    check=check,
    shown={"footer_links": [], "is_mjml": False, "branding_overrides": None},
    never_null=("branding_overrides",),
)
