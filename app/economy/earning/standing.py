"""Where people stand: their balance, their tier and what it allows. Told anew whenever an op has moved their money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.accounts.entitlements import GIB, MIB, Benefits
from app.core.clock import Calendar, Clock
from app.economy.earning import store
from app.economy.earning.events import TierChanged, WalletChanged
from app.economy.earning.model import Balance, Standing, Window
from app.economy.ledger import wallet_store
from app.economy.ledger.model import Wallet
from app.economy.ledger.open_op import OpenOp
from app.economy.rules import policy as rules
from app.economy.rules.model import ACTIVITIES, Policy, Tier
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

ALLOWANCE_SOURCE = "allowance"
RECENT_DAYS = 90


class Standings:
    """Answers who holds which tier, and keeps telling people."""

    def __init__(self, rulebook: Rulebook, calendar: Calendar, clock: Clock) -> None:
        self._rulebook = rulebook
        self._calendar = calendar
        self._clock = clock

    async def settle(self, work: UnitOfWork, opened: OpenOp) -> None:
        """Re-evaluate everybody whose money was moved, and tell them. Called before it is written."""
        policy = self._rulebook.policy(opened.now)
        moved = [wallet for wallet in opened.sheet.wallets.values() if opened.moved(wallet)]
        earned = await self.earned(opened.db, policy, [wallet.id for wallet in moved])
        for wallet in moved:
            standing = self.place(work, opened, policy, wallet.id, earned)
            balance = _balance(wallet, _by_source(opened, wallet), standing, policy, opened.day)
            work.record(WalletChanged(wallet.owner_id, balance))

    async def earned(self, db: Connection, policy: Policy, wallets: Sequence[int]) -> Mapping[int, int]:
        """What counts for the tiers of these wallets beside their balance, as it is stored."""
        if policy.tier_basis == "balance" or not wallets:
            return {}
        today = self._calendar.day(self._clock.now_ms())
        return await store.earned_since(
            db, wallets, today - RECENT_DAYS + 1 if policy.tier_basis == "earned_90d" else 0
        )

    def place(
        self, work: UnitOfWork, opened: OpenOp, policy: Policy, wallet_id: int, earned: Mapping[int, int]
    ) -> Standing:
        """Give a wallet the tier it has come to on the sheet, and tell of it; `earned` is what was stored before."""
        wallet = opened.sheet.wallets[wallet_id]
        if policy.tier_basis == "balance":
            value = wallet.main_available + sum(
                lot.available for lot in opened.sheet.spendable_lots(wallet_id) if lot.source != ALLOWANCE_SOURCE
            )
        else:
            value = earned.get(wallet_id, 0) + _coming(opened, wallet_id)
        tier, next_tier = rules.tier_at(policy, value)
        self._tell_tier(work, opened, policy, wallet, tier)
        return Standing(tier, next_tier, policy.tier_basis, value)

    async def balance_of(self, db: Connection, account_id: int) -> Balance:
        """What a person has now; nothing at all if they never had any."""
        wallet, by_source, standing = await self._read(db, account_id)
        return _balance(wallet, by_source, standing, self._rulebook.policy(), self._calendar.day(self._clock.now_ms()))

    async def standing_of(self, db: Connection, account_id: int) -> Standing:
        """The tier a person holds now, the next one, and what it rests on."""
        return (await self._read(db, account_id))[2]

    async def benefits(self, db: Connection, account_id: int) -> Benefits:
        """What a person may use by their tier."""
        tier = (await self.standing_of(db, account_id)).tier
        return Benefits(tier.rooms_max, tier.gifts_day, tier.storage_gb * GIB, tier.file_mb * MIB, tier.perks)

    async def wallet(self, db: Connection, account_id: int) -> Wallet:
        """A person's wallet, unlocked; an empty one if they have none."""
        found = await wallet_store.wallet(db, account_id)
        return found or Wallet(0, account_id, 0, 0, 0, 1, 0, 0, 0, 0)

    async def _read(self, db: Connection, account_id: int) -> tuple[Wallet, dict[str, int], Standing]:
        policy, wallet = self._rulebook.policy(), await self.wallet(db, account_id)
        by_source = await wallet_store.spendable_by_source(db, account_id, self._clock.now_ms())
        earned = await self.earned(db, policy, [wallet.id])
        value = earned.get(wallet.id, 0)
        if policy.tier_basis == "balance":
            value = sum(by_source.values()) - by_source.get(ALLOWANCE_SOURCE, 0)
        tier, next_tier = rules.tier_at(policy, value)
        return wallet, by_source, Standing(tier, next_tier, policy.tier_basis, value)

    def _tell_tier(self, work: UnitOfWork, opened: OpenOp, policy: Policy, wallet: Wallet, now: Tier) -> None:
        before, tier = wallet.tier, now.name
        if before == tier:
            return
        opened.sheet.set_tier(wallet.id, tier)
        names = [its.name for its in policy.tiers]
        # Nobody is told of the tier they begin with, nor of one whose old name the policy does not know.
        if before in names:
            up = names.index(tier) > names.index(before)
            work.record(TierChanged(wallet.owner_id, before, tier, up, opened.now))
        elif before == "" and tier != names[0]:
            work.record(TierChanged(wallet.owner_id, names[0], tier, up=True, at=opened.now))


def _balance(wallet: Wallet, by_source: dict[str, int], standing: Standing, policy: Policy, today: int) -> Balance:
    """How a wallet stands, with the windows of the caps as they are on a day."""
    day = rules.window_day(wallet.earn_day, today)
    same_week = rules.week_of(day) == rules.week_of(wallet.earn_day)
    return Balance(
        account_id=wallet.owner_id,
        balance=sum(by_source.values()),
        held=wallet.held,
        by_source=by_source,
        tier=standing.tier,
        next_tier=standing.next_tier,
        today=Window(wallet.earn_day_used if day == wallet.earn_day else 0, policy.day_cap),
        week=Window(wallet.earn_week_used if same_week else 0, policy.week_cap),
        token=policy.token,
        symbol=policy.symbol,
    )


def _by_source(opened: OpenOp, wallet: Wallet) -> dict[str, int]:
    by_source = {"main": wallet.main_available}
    for lot in opened.sheet.spendable_lots(wallet.id):
        by_source[lot.source] = by_source.get(lot.source, 0) + lot.available
    return by_source


def _coming(opened: OpenOp, wallet_id: int) -> int:
    """What the sheet brings the wallet in rewards."""
    return sum(its.came for its in opened.sheet.tallies_of(wallet_id) if its.code in ACTIVITIES)
