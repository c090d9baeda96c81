"""Mistakes in tocsin.toml."""

from pathlib import Path

from tests.proof.mutations.mutation import Mutation, done, text

FILE = "tocsin.toml"


def changed(old: str, new: str, told: str, path: str = "") -> Mutation:
    """A piece of the file is another one."""

    def edit(root: Path) -> None:
        said = (root / FILE).read_text("utf-8")
        assert said.count(old) >= 1
        (root / FILE).write_text(said.replace(old, new, 1), "utf-8")

    return done(f"{FILE}: {old} → {new}", edit, FILE, told, path)


def added(section: str, told: str, path: str = "") -> Mutation:
    """A section stands at the end."""

    def edit(root: Path) -> None:
        with (root / FILE).open("a", encoding="utf-8") as file:
            file.write(f"\n{section}\n")

    return done(f"{FILE}: and {section[:60]}", edit, FILE, told, path)


CONFIGURATION: list[Mutation] = [
    text(FILE, "[account", "is not TOML: "),
    text(FILE, "account = 1", r"must be a table: \[account\]", "account"),
    text(FILE, b"\xff\xfe[\x00", "is UTF-16; save it as UTF-8"),
    text(FILE, b"\xef\xbb\xbf[account]", "begins with a byte order mark"),
    text(FILE, b"[account]\nname = '\xe9'", "line 2: is not UTF-8"),
    added("[colours]\na = 1", "is unknown; expected one of account, branding", "colours"),
    added(
        "[environments.staging]\ncolours = {}",
        "is unknown; expected one of variables, channels",
        "environments.staging.colours",
    ),
    added(
        "[environments.production.branding]\na = 1",
        "is unknown; expected one of",
        "environments.production.branding",
    ),
    added(
        "[environments.nowhere.variables]\na = 'b'",
        '.*there is no environment "nowhere"|.*[Tt]here is no environment',
        "environments.nowhere.variables.a",
    ),
    added("[account]", "is not TOML: "),
    added("[channels]\nletters = 3", "is not TOML|must be a table"),
    changed('name = "Papermill"', "name = 1", "must be a text", "account.name"),
    changed('name = "Papermill"', 'nom = "P"', ".*(unknown|Extra inputs)", "account.nom"),
    changed(
        "Europe/Berlin",
        "Europe/Bern",
        '.*"Europe/Bern" is not a time zone; write an IANA name',
        "account.timezone",
    ),
    changed("de-AT", "german", '.*"german" is not a locale; write a code such as', "account.locale"),
    changed(
        'locale = "de-AT"',
        "locale = 1979-05-27",
        "is a date or time, which JSON does not have; put it in quotes",
        "account.locale",
    ),
    changed("#0B6E4F", "green", ".*", "branding.primary_color"),
    changed("primary_color", '"main color"', ".*", "branding.*"),
    changed("billing = true", 'billing = "yes"', ".*", "preferences.categories.*"),
    changed("categories", "topics", ".*", "preferences.topics"),
    changed(
        "${TOCSIN_URL}",
        "${NOT_SET_AT_ALL}",
        "the environment variable NOT_SET_AT_ALL is not set",
        "variables.shipments_url",
    ),
    changed("secret = true", "secret = true, scope = 1", ".*", "variables.ledger_token.scope"),
    changed('app_name = "Papermill"', '"app name" = "P"', ".*", "variables.app name.*"),
    changed('provider = "email_smtp"', 'provider = "pigeon"', ".*", "channels.letters.provider"),
    changed('provider = "email_smtp"', 'provider = "sms_twilio"', ".*", "channels.letters.*"),
    changed('type = "email"', 'type = "fax"', ".*must be", "channels.letters.type"),
    changed('type = "email"', 'type = "sms"', ".*", "channels.letters.*"),
    changed("port = 25", 'port = "many"', ".*", r"channels\.letters\.provider_settings\.port"),
    changed("port = 25", "port = 99999", ".*", r"channels\.letters\.provider_settings\.port"),
    changed('host = "127.0.0.1", ', "", ".*", r"channels\.letters\.provider_settings\.host"),
    changed('tls = "none"', 'tls = "ssl"', ".*", r"channels\.letters\.provider_settings\.tls"),
    changed(
        'tls = "none"', 'tls = "none", colour = "red"', ".*", r"channels\.letters\.provider_settings\.colour"
    ),
    changed("from_address", "sender", ".*", r"channels\.letters\.channel_settings.*"),
    changed(
        "hello@papermill.example.com",
        "{% if %}",
        "line 1: missing expression",
        r"channels\.letters\.channel_settings\.from_address",
    ),
    changed("[channels.letters]", "[channels.letters]\ncolour = 1", ".*", r"channels\.letters\.colour"),
    changed("[channels.letters]", "[channels.Letters]", ".*", r"channels\.Letters.*"),
    changed(
        "port = 587",
        "port = 0",
        ".*",
        r"environments\.production\.channels\.letters\.provider_settings\.port",
    ),
    changed(
        'channel_type = "in_app_feed"',
        'channel_type = "email"',
        ".*is of type in_app_feed, the group of email|.*cannot be changed",
        r"channel_groups\.texts\..*",
    ),
    changed('operator = "any"', 'operator = "some"', ".*must be", r"channel_groups\.texts\.operator"),
    changed(
        'channel_key = "in-app"',
        'channel_key = "none"',
        'there is no channel "none"',
        r"channel_groups\.texts\.channel_rules\[0\]\.channel_key",
    ),
    changed(
        'rule_type = "always"',
        'rule_type = "never"',
        ".*must be",
        r"channel_groups\.texts\.channel_rules\[0\]\.rule_type",
    ),
    changed("https://audit.example.com/hook", "not a url", ".*", r"webhooks\.audit\.url"),
    changed("message.sent", "message.shouted", ".*", r"webhooks\.audit\.events.*"),
]
