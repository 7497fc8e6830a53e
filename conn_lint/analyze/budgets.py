"""The budget of a program: its creations, its deployment, and what it leaves to its servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from conn_lint.analyze.claims import claims_of
from conn_lint.analyze.launching import LauncherSettings
from conn_lint.analyze.packages import Packages
from conn_lint.analyze.products import settled
from conn_lint.analyze.running import Loads, Running
from conn_lint.analyze.tables import claims_of_databases
from conn_lint.deploy.placing import placed, together
from conn_lint.deploy.reading import read_deployment
from conn_lint.deploy.stating import processes_stated
from conn_lint.deploy.sums import budget_of
from conn_lint.model.budget import Budget
from conn_lint.model.deployment import Stated

if TYPE_CHECKING:
    from conn_lint.analyze.analysis import Analysis
    from conn_lint.model.database import Database
    from conn_lint.model.pool import PoolSettings


def program_budget(
    analysis: Analysis,
    pools: Sequence[PoolSettings],
    databases: Sequence[Database],
    stated: Stated | None,
) -> Budget:
    """What these pools come to, with the databases that settings name."""
    knowledge = analysis.knowledge
    settings = LauncherSettings(analysis)
    read = read_deployment(
        together(analysis.documents, analysis.above, analysis.below),
        knowledge.launchers,
        knowledge.products,
        settings.given,
        analysis.below,
        settings.stated,
    )
    deployment = placed(read, analysis.below)
    products = knowledge.products
    claims = [*claims_of(pools, products), *claims_of_databases(databases, products)]
    claims = settled(claims, deployment, products, Packages(analysis))
    by_settings = any(claim.by_settings for claim in claims)
    running = Running(analysis)
    processes = processes_stated(stated or Stated(), deployment.processes)
    loads = {
        process.name: running.loads(process, processes, by_settings=by_settings)
        for process in processes
    }
    by_name = {product.name: product for product in products}
    files = {name: found.files for name, found in loads.items()}
    return budget_of(claims, deployment, stated, by_name, files, tuple(_supposed(loads)))


def _supposed(loads: Mapping[str, Loads]) -> Iterator[str]:
    """What is taken to be loaded, once for all processes of which the same is."""
    reasons = dict.fromkeys(found.supposed for found in loads.values() if found.supposed)
    for reason in reasons:
        names = [name for name, found in loads.items() if found.supposed == reason]
        yield f"{', '.join(names)}: {reason} are counted"
