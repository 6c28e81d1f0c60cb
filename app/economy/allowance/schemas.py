"""Wire shapes of this room."""

from __future__ import annotations

from datetime import date

from app.economy.allowance import model
from app.economy.earning.schemas import Entry
from app.infra.wire import Amount, Moment, Schema


class Today(Schema):
    """Today's allowance: what is left of `amount`, what is held for work, and when it is gone."""

    available: Amount
    held: Amount
    amount: Amount
    expires_at: Moment


class Budget(Schema):
    """What can be spent on tools. `allowance` is null when the policy has none; `by_source` holds all that pays."""

    allowance: Today | None
    website_cost: Amount | None
    by_source: dict[str, Amount]
    total: Amount

    @classmethod
    def of(cls, budget: model.Budget) -> Budget:
        today = budget.today
        return cls(
            allowance=Today(
                available=today.available, held=today.held, amount=today.amount, expires_at=today.expires_at
            )
            if today
            else None,
            website_cost=budget.website_cost,
            by_source=budget.by_source,
            total=budget.total,
        )


class Movements(Schema):
    """A page of what the allowance and work on tools moved, newest first. `next` is the cursor of the page after."""

    entries: list[Entry]
    next: str | None

    @classmethod
    def of(cls, page: model.Page) -> Movements:
        return cls(entries=Entry.all(page.entries), next=None if page.next is None else str(page.next))


class Reset(Schema):
    """Today's allowances: how many people still lack theirs, and how many were granted by this request."""

    day: date
    due: int
    granted: int

    @classmethod
    def of(cls, reset: model.Reset) -> Reset:
        return cls(day=date.fromordinal(reset.day), due=reset.due, granted=reset.granted)
