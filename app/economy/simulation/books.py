"""What happened in a run, week by week, as the dashboard shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from app.economy.rules.model import Decision, RewardRule
from app.economy.simulation.account import Account
from app.economy.simulation.model import BASIS_POINTS, GROUPS, HONEST, THOUSANDTHS, Earners, Group, ItemClass, Week


class WeekBooks:
    """Counts one week after another."""

    def __init__(self, groups: Mapping[int, Group], dearest: Mapping[ItemClass, int]) -> None:
        """`groups` says how the owner of each account behaves, `dearest` what each class of the shop costs at most."""
        self.weeks: list[Week] = []
        self._groups = groups
        self._dearest = dearest
        self._circulation = 0
        self._open()

    def came(self, account: Account, day: int) -> None:
        """Somebody came on a day."""
        self._visits.add((account.id, day))
        self._active[self._groups[account.id]].add(account.id)

    def rewarded(self, account: Account, kind: str, decision: Decision, rule: RewardRule) -> None:
        self._by_activity[kind] += decision.granted
        self._earned[self._groups[account.id]] += decision.granted
        if decision.capped_by is not None:
            own = kind if decision.capped_by == "activity_day" else f"{kind}, a year"
            names = {"shared_day": f"shared: {rule.shared_cap}", "day": "all, a day", "week": "all, a week"}
            self._cut[names.get(decision.capped_by, own)].add((account.id, account.day))

    def burned(self, what: str, amount: int) -> None:
        self._spent[what] += amount

    def given(self, amount: int) -> None:
        self._gifts += amount

    def allowance_used(self, amount: int) -> None:
        self._allowance_used += amount

    def allowance_lapsed(self, amount: int) -> None:
        self._allowance_lapsed += amount

    def close(self, accounts: Collection[Account]) -> None:
        """End a week and begin the next. The books must balance: what is there is what was issued and not burned."""
        opening = self._circulation
        issued, burned = self._by_activity.total(), self._spent.total()
        self._circulation += issued - burned
        balances = sorted(account.balance for account in accounts)
        assert sum(balances) == self._circulation
        visits = max(1, len(self._visits))
        self.weeks.append(
            Week(
                number=len(self.weeks) + 1,
                issued=issued,
                burned=burned,
                circulation=self._circulation,
                inflation=(issued - burned) * BASIS_POINTS // opening if opening else None,
                mean=sum(balances) // len(balances),
                median=percentile(balances, 50),
                p90=percentile(balances, 90),
                p99=percentile(balances, 99),
                gini=gini(balances),
                earners={group: Earners(len(self._active[group]), self._earned[group]) for group in GROUPS},
                by_activity=dict(self._by_activity.most_common()),
                spent=dict(self._spent.most_common()),
                gifts=self._gifts,
                allowance_used=self._allowance_used,
                allowance_lapsed=self._allowance_lapsed,
                saturation={cap: len(days) * THOUSANDTHS // visits for cap, days in sorted(self._cut.items())},
                tiers=dict(Counter(account.tier for account in accounts)),
                affordable=self._affordable(accounts),
            )
        )
        self._open()

    def _open(self) -> None:
        self._active: dict[Group, set[int]] = {group: set() for group in GROUPS}
        self._earned: Counter[Group] = Counter()
        self._by_activity: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._visits: set[tuple[int, int]] = set()
        self._cut: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
        self._gifts = self._allowance_used = self._allowance_lapsed = 0

    def _affordable(self, accounts: Collection[Account]) -> dict[ItemClass, int]:
        here = set().union(*(self._active[group] for group in HONEST))
        balances = [account.balance for account in accounts if account.id in here]
        return {
            kind: sum(balance >= price for balance in balances) * THOUSANDTHS // max(1, len(balances))
            for kind, price in self._dearest.items()
        }


def percentile(ascending: Sequence[int], percent: int) -> int:
    """The smallest value that so many percent are at or below (nearest rank); 0 of nothing."""
    if not ascending:
        return 0
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)]


def gini(ascending: Sequence[int]) -> int:
    """How unequally something is held, in thousandths: 0 when all hold alike, near 1000 when one holds everything."""
    total, count = sum(ascending), len(ascending)
    if total == 0:
        return 0
    weighted = sum(rank * value for rank, value in enumerate(ascending, start=1))
    return (2 * weighted - (count + 1) * total) * THOUSANDTHS // (count * total)
