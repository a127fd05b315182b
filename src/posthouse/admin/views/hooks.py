"""The addresses that providers call, shown."""

from collections.abc import Sequence

from posthouse.admin.hooks import PREFIX
from posthouse.model import ids
from posthouse.model.feedback import HookAddress
from posthouse.model.views.hooks import HookPage, HookView


def hook_page(hooks: Sequence[HookAddress]) -> HookPage:
    """All of them, without their tokens."""
    return HookPage(data=[_hook_view(each) for each in hooks], next_cursor=None)


def _hook_view(hook: HookAddress) -> HookView:
    return HookView(
        id=ids.text(PREFIX, hook.id),
        provider=hook.provider,
        environment="live" if hook.environment else "test",
        created_at=hook.created_at,
    )
