"""The world of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.main import Guildhall
from tests.contract.world import World, build_world


@pytest.fixture
async def world(app: Guildhall) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield await build_world(app, stack)
