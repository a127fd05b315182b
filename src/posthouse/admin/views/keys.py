"""API keys and SMTP logins, shown."""

from collections.abc import Sequence
from typing import Any

from posthouse.admin.keys import CreatedKey
from posthouse.model import ids
from posthouse.model.credential import PREFIX, Credential
from posthouse.model.views.keys import CredentialPage, CredentialView, NewApiKey, NewSmtpLogin


def credential_view(credential: Credential) -> CredentialView:
    """A key or a login, for its tenant and for the operator."""
    return CredentialView(**_fields(credential))


def new_credential(created: CreatedKey) -> NewApiKey | NewSmtpLogin:
    """A key or a login that was just created, for its tenant and for the operator."""
    fields = _fields(created.credential)
    if created.credential.kind == "smtp":
        return NewSmtpLogin(username=created.credential.lookup, password=created.secret, **fields)
    return NewApiKey(key=created.secret, **fields)


def credential_page(credentials: Sequence[Credential]) -> CredentialPage:
    """All of them, for the operator."""
    return CredentialPage(data=[credential_view(each) for each in credentials], next_cursor=None)


def _fields(credential: Credential) -> dict[str, Any]:
    return {
        "id": ids.text(PREFIX, credential.id),
        "kind": credential.kind,
        "name": credential.name,
        "environment": credential.environment.name.lower(),
        "prefix": credential.lookup,
        "type": credential.default_type,
        "stream": credential.default_stream,
        "rate_per_minute": credential.rate,
        "created_at": credential.created_at,
        "revoked_at": credential.revoked_at,
    }
