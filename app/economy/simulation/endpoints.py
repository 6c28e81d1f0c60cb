"""HTTP operations of this room: administrators see where a policy leads before they publish it."""

from __future__ import annotations

import asyncio
import threading

from app.core.actor import Actor
from app.economy.rules.errors import PolicyRefused
from app.economy.rules.model import Policy
from app.economy.rules.schemas import CheckingPolicy
from app.economy.rules.service import Rulebook
from app.economy.simulation.errors import SimulationRunning
from app.economy.simulation.model import Result
from app.economy.simulation.schemas import Simulation
from app.economy.simulation.service import dry_run
from app.infra.http import Operation


class SimulationEndpoints:
    """Dry runs, one at a time on each node."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._one = threading.Lock()

    def operations(self) -> list[Operation]:
        refusals = (PolicyRefused, SimulationRunning)
        return [
            Operation(
                "POST", "/api/admin/policies/dry-run", self.dry_run_policy, errors=refusals, admin=True, tag="admin"
            )
        ]

    async def dry_run_policy(self, actor: Actor, body: CheckingPolicy) -> Simulation:
        """Play a policy through with imagined people, without publishing it: series by week and the targets."""
        policy = self._rulebook.check(body.source)
        return Simulation.of(await asyncio.to_thread(self._alone, policy))

    def _alone(self, policy: Policy) -> Result:
        """Run beside the event loop. Taken and let go in the thread, so that a caller who leaves blocks nobody."""
        if not self._one.acquire(blocking=False):
            raise SimulationRunning
        try:
            return dry_run(policy)
        finally:
            self._one.release()
