"""The mail providers: the visible list, by the names that channels give them."""

from typing import Final

from activities.channels.email.smtp import Smtp

PROVIDERS: Final[dict[str, type[Smtp]]] = {
    "email_smtp": Smtp,
}
