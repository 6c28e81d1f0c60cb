"""Refusals of this room."""

from __future__ import annotations

from app.core.errors import Conflict


class SimulationRunning(Conflict):
    code = "simulation_running"
    title = "Another simulation is running; try again when it is done"
