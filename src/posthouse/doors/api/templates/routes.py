"""The paths of templates and of what they share; ``app`` joins them to the others."""

from typing import Final

from posthouse.doors.api.settings import streams, tenant, types
from posthouse.doors.api.templates import parts, versions
from posthouse.doors.http.endpoint import Operation

_TEMPLATE: Final = "/v1/templates/{name}"
_VERSION: Final = _TEMPLATE + "/versions/{version}"
TEMPLATES: Final[dict[str, dict[str, Operation]]] = {
    "/v1/templates": {"GET": versions.list_templates, "POST": versions.create},
    _TEMPLATE: {"GET": versions.get_template},
    f"{_TEMPLATE}/lint": {"GET": versions.lint},
    f"{_TEMPLATE}/render": {"POST": versions.render},
    f"{_TEMPLATE}/versions": {"POST": versions.revise},
    _VERSION: {"GET": versions.get_version},
    f"{_VERSION}/submit": {"POST": versions.submit},
    f"{_VERSION}/approve": {"POST": versions.approve},
    f"{_VERSION}/reject": {"POST": versions.reject},
    f"{_VERSION}/activate": {"POST": versions.activate},
    f"{_VERSION}/retire": {"POST": versions.retire},
    f"{_VERSION}/lint": {"GET": versions.lint},
    f"{_VERSION}/render": {"POST": versions.render},
    "/v1/messages/{id}/rendering": {"GET": versions.rerendered},
    **parts.part_operations("layout"),
    **parts.part_operations("partial"),
    "/v1/brand": {"GET": parts.get_brand, "PATCH": parts.patch_brand},
    "/v1/tenant": {"GET": tenant.get_tenant, "PATCH": tenant.patch_tenant},
    "/v1/streams": {"GET": streams.list_streams, "POST": streams.create},
    "/v1/streams/{name}": {"GET": streams.get_stream, "PATCH": streams.patch_stream},
    "/v1/types": {"GET": types.list_types, "POST": types.create},
    "/v1/types/{name}": {"GET": types.get_type, "DELETE": types.remove},
    "/v1/audit": {"GET": parts.list_audit},
}
