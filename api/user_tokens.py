"""User tokens: JWTs with which a browser proves whose public-key call it makes."""

from collections.abc import Sequence
from uuid import UUID

import jwt
from psycopg.rows import DictRow

from api.errors import InvalidUserToken, SigningKeyMissing

_ALGORITHM = "RS256"
_SKEW_SECONDS = 10
"""How far the clocks of signer and API may differ."""


def subject_of(token: str, signing_keys: Sequence[DictRow]) -> str:
    """The id of the user whom a token of one of these keys speaks for; raises Forbidden's kin.

    Tokens of Knock's SDKs carry no `kid`: then every active key is tried.
    """
    if not signing_keys:
        raise SigningKeyMissing(
            "This environment has no signing key to check user tokens with; create one "
            "(`tocsin keys signing create`), or send no token."
        )
    claims = _claims(token, _candidates(token, signing_keys))
    _refuse_narrowed(claims)
    return str(claims["sub"])


def _candidates(token: str, signing_keys: Sequence[DictRow]) -> list[str]:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        raise InvalidUserToken(f"The user token is no JWT: {error}.") from error
    named = [row["public_key"] for row in signing_keys if _names(key_id, row["id"])]
    if key_id is not None and not named:
        raise InvalidUserToken(f'No active signing key of this environment has the id "{key_id}" (kid).')
    return named or [row["public_key"] for row in signing_keys]


def _names(key_id: object, row_id: UUID) -> bool:
    return isinstance(key_id, str) and key_id.lower() == str(row_id)


def _claims(token: str, public_keys: Sequence[str]) -> dict[str, object]:
    for public_key in public_keys:
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                public_key,
                algorithms=[_ALGORITHM],
                leeway=_SKEW_SECONDS,
                # Knock's tokens have neither audience nor issuer.
                options={"require": ["sub"], "verify_aud": False},
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.ExpiredSignatureError as error:
            raise InvalidUserToken("The user token has expired; sign a new one.") from error
        except jwt.PyJWTError as error:
            raise InvalidUserToken(f"The user token cannot be accepted: {error}.") from error
        return claims
    raise InvalidUserToken("No active signing key of this environment has signed this user token.")


def _refuse_narrowed(claims: dict[str, object]) -> None:
    """Grants that take rights away are not evaluated yet; passing over them would give too much."""
    grants = claims.get("grants")
    entities = list(grants) if isinstance(grants, dict) else []
    if claims.get("explicit_grants") or any("/tenants/" in one or "/$tenants/" in one for one in entities):
        raise InvalidUserToken(
            "The user token narrows its rights (`explicit_grants`, or grants on tenants), which this release "
            "does not evaluate; sign it without them."
        )
