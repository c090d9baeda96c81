"""The example projects as one: both folders laid over one another, and every section of tocsin.toml."""

import shutil
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
TOML = """
[account]
name = "Papermill"
timezone = "Europe/Berlin"
locale = "de-AT"

[branding]
primary_color = "#0B6E4F"

[preferences]
categories = { billing = true }

[variables]
app_name = "Papermill"
app_url = "https://papermill.example.com"
shipments_url = "${TOCSIN_URL}/demo/shipments"
ledger_token = { value = "t0ken", secret = true, description = "Of the ledger" }

[channels.letters]
name = "Letters"
type = "email"
provider = "email_smtp"
provider_settings = { host = "127.0.0.1", port = 25, tls = "none" }
channel_settings = { from_address = "hello@papermill.example.com" }

[channel_groups.texts]
name = "Feeds"
channel_type = "in_app_feed"
operator = "any"
channel_rules = [{ channel_key = "in-app", rule_type = "always" }]

[webhooks.audit]
url = "https://audit.example.com/hook"
events = ["message.sent"]

[environments.production.variables]
app_url = "https://papermill.example.org"

[environments.production.channels.letters]
provider_settings = { host = "mail.example.com", port = 587, tls = "starttls" }
"""


def lay_out(folder: Path, *, configured: bool = True) -> None:
    """Into a folder that is not there yet; with `tocsin.toml`, or content only."""
    shutil.copytree(EXAMPLES / "stranger", folder)
    shutil.copytree(EXAMPLES / "collab", folder, dirs_exist_ok=True)
    (folder / "README.md").unlink()
    (folder / "tocsin.toml").unlink()
    if configured:
        (folder / "tocsin.toml").write_text(TOML, "utf-8")
