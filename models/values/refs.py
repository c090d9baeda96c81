"""References to recipients: users, tenants and objects are all addressed as objects (E-SHAPE-5)."""

from typing import Any

from pydantic import BaseModel, ConfigDict

USERS = "$users"
TENANTS = "$tenants"


class RecipientRef(BaseModel):
    """A user, tenant or object; users and tenants live in reserved collections."""

    model_config = ConfigDict(frozen=True)

    collection: str = USERS
    id: str

    @property
    def gid(self) -> str:
        """The global id, e.g. `gid://Object/$users/ada`."""
        return f"gid://Object/{self.collection}/{self.id}"

    @property
    def is_user(self) -> bool:
        return self.collection == USERS

    def to_api(self) -> str | dict[str, Any]:
        """As Knock writes it: a bare string for a user, `{id, collection}` for an object."""
        return self.id if self.is_user else {"id": self.id, "collection": self.collection}

    def __str__(self) -> str:
        return self.id if self.is_user else f"{self.collection}/{self.id}"
