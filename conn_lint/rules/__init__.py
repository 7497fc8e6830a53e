"""The rules, one file each; ALL_RULES is the only list of them."""

from __future__ import annotations

from conn_lint.rules.base import Rule
from conn_lint.rules.cannot_analyse import CannotAnalyse
from conn_lint.rules.client_per_request import ClientPerRequest
from conn_lint.rules.connect_in_loop import ConnectInLoop
from conn_lint.rules.connection_budget import ConnectionBudget
from conn_lint.rules.direct_url_in_serverless import DirectUrlInServerless
from conn_lint.rules.django_connection_settings import DjangoConnectionSettings
from conn_lint.rules.held_across_http import HeldAcrossHttp
from conn_lint.rules.held_across_wait import HeldAcrossWait
from conn_lint.rules.never_released import NeverReleased
from conn_lint.rules.not_released_on_error import NotReleasedOnError
from conn_lint.rules.oversized_pool import OversizedPool
from conn_lint.rules.pool_waits_forever import PoolWaitsForever
from conn_lint.rules.pooled_connection_closed import PooledConnectionClosed
from conn_lint.rules.prepared_statements_behind_pooler import PreparedStatementsBehindPooler
from conn_lint.rules.serverless_pool import ServerlessPool
from conn_lint.rules.session_state_behind_pooler import SessionStateBehindPooler
from conn_lint.rules.shared_connection import SharedConnection
from conn_lint.rules.stale_connections import StaleConnections
from conn_lint.rules.unsingletoned_client import UnsingletonedClient
from conn_lint.rules.unused_suppression import UnusedSuppression
from conn_lint.rules.with_does_not_close import WithDoesNotClose

ALL_RULES: tuple[Rule, ...] = (
    ClientPerRequest(),
    ConnectInLoop(),
    UnsingletonedClient(),
    SharedConnection(),
    NeverReleased(),
    NotReleasedOnError(),
    WithDoesNotClose(),
    PooledConnectionClosed(),
    HeldAcrossHttp(),
    HeldAcrossWait(),
    PoolWaitsForever(),
    OversizedPool(),
    ServerlessPool(),
    StaleConnections(),
    PreparedStatementsBehindPooler(),
    DjangoConnectionSettings(),
    SessionStateBehindPooler(),
    DirectUrlInServerless(),
    ConnectionBudget(),
    CannotAnalyse(),
    UnusedSuppression(),
)
