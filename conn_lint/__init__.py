"""conn-lint finds and repairs the connection bugs that take Python services down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conn_lint.api import check_paths, check_source
    from conn_lint.model.finding import Finding

__version__ = "0.1.0"
__all__ = ["Finding", "__version__", "check_paths", "check_source"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used, so that importing the package is cheap."""
    if name == "Finding":
        from conn_lint.model.finding import Finding  # noqa: PLC0415

        return Finding
    if name in __all__:
        from conn_lint import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
