"""The rules, one file each; ALL_RULES is the only list of them."""

from __future__ import annotations

from conn_lint.rules.base import Rule

ALL_RULES: tuple[Rule, ...] = ()
