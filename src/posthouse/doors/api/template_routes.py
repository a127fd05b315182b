"""The paths of templates and of what they share; ``app`` joins them to the others."""

from typing import Final

from posthouse.doors.api import streams, template_settings, templates, tenant, types
from posthouse.doors.api.endpoint import Operation

_TEMPLATE: Final = "/v1/templates/{name}"
_VERSION: Final = _TEMPLATE + "/versions/{version}"
TEMPLATES: Final[dict[str, dict[str, Operation]]] = {
    "/v1/templates": {"GET": templates.list_templates, "POST": templates.create},
    _TEMPLATE: {"GET": templates.get_template},
    f"{_TEMPLATE}/lint": {"GET": templates.lint},
    f"{_TEMPLATE}/render": {"POST": templates.render},
    f"{_TEMPLATE}/versions": {"POST": templates.revise},
    _VERSION: {"GET": templates.get_version},
    f"{_VERSION}/submit": {"POST": templates.submit},
    f"{_VERSION}/approve": {"POST": templates.approve},
    f"{_VERSION}/reject": {"POST": templates.reject},
    f"{_VERSION}/activate": {"POST": templates.activate},
    f"{_VERSION}/retire": {"POST": templates.retire},
    f"{_VERSION}/lint": {"GET": templates.lint},
    f"{_VERSION}/render": {"POST": templates.render},
    "/v1/messages/{id}/rendering": {"GET": templates.rerendered},
    **template_settings.part_operations("layout"),
    **template_settings.part_operations("partial"),
    "/v1/brand": {"GET": template_settings.get_brand, "PATCH": template_settings.patch_brand},
    "/v1/tenant": {"GET": tenant.get_tenant, "PATCH": tenant.patch_tenant},
    "/v1/streams": {"GET": streams.list_streams, "POST": streams.create},
    "/v1/streams/{name}": {"GET": streams.get_stream, "PATCH": streams.patch_stream},
    "/v1/types": {"GET": types.list_types, "POST": types.create},
    "/v1/types/{name}": {"GET": types.get_type, "DELETE": types.remove},
    "/v1/audit": {"GET": template_settings.list_audit},
}
