"""Work on tools, as it is paid: held, done or failed, each step in a transaction of its own."""

from __future__ import annotations

from app.core.money import TOKEN
from app.economy.allowance.model import Budget
from app.economy.ledger.model import Outcome
from tests.harness.economy import Member

DAY_MS = 86_400_000


async def budget(person: Member) -> Budget:
    return await person.transactor.run(lambda work: person.rooms.allowances.budget(work, person.id))


async def hold(person: Member, key: str, tokens: int, work_ms: int = DAY_MS) -> Outcome:
    """Begin a piece of work."""
    return await person.transactor.run(
        lambda work: person.rooms.allowances.hold(
            work, person.id, key=key, amount=tokens * TOKEN, code="website", work_ms=work_ms
        )
    )


async def succeed(person: Member, hold_id: int) -> Outcome:
    return await person.transactor.run(lambda work: person.rooms.allowances.succeed(work, hold_id))


async def fail(person: Member, hold_id: int) -> Outcome:
    return await person.transactor.run(lambda work: person.rooms.allowances.fail(work, hold_id))


async def today(person: Member) -> tuple[int, int]:
    """What of today's allowance is there and what is held, in tokens."""
    its = (await budget(person)).today
    assert its is not None
    return its.available // TOKEN, its.held // TOKEN
