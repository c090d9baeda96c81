"""What `vars.branding` holds: E-TEMPLATE-4."""

from rendering.branding import branding

DEFAULTS = {
    "logo_url": None,
    "icon_url": None,
    "dark_logo_url": None,
    "dark_icon_url": None,
    "primary_color": "#000000",
    "primary_color_contrast": "#FFFFFF",
    "dark_primary_color": "#FFFFFF",
    "dark_primary_color_contrast": "#000000",
}


def test_colours_have_defaults() -> None:
    assert branding() == DEFAULTS
    assert branding(None, {"primary_color": None, "logo_url": ""}, "nonsense") == DEFAULTS


def test_the_tenants_goes_before_the_layouts_and_that_before_the_accounts() -> None:
    account = {"primary_color": "#1", "icon_url": "/account", "logo_url": "/account", "slogan": "One"}
    layout = {"icon_url": "/layout", "logo_url": "/layout"}
    found = branding(account, layout, {"logo_url": "/tenant", "motto": "Two"})
    assert [found[key] for key in ("primary_color", "icon_url", "logo_url", "slogan", "motto")] == [
        "#1", "/layout", "/tenant", "One", "Two",
    ]  # fmt: skip


def test_a_dark_picture_falls_back_to_the_light_one_that_won() -> None:
    found = branding({"logo_url": "/a", "dark_icon_url": "/dark"}, {"logo_url": "/b", "icon_url": "/light"})
    assert (found["dark_logo_url"], found["dark_icon_url"]) == ("/b", "/dark")
