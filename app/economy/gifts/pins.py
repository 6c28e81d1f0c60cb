"""PINs: set with the password, checked before money is given away, locked after wrong tries.

A check is not part of the command it stands before: its try is counted and committed before the hash is looked at, so
that whoever guesses in parallel, or hangs up half-way, has used up their tries.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from weakref import WeakValueDictionary

from app.accounts import store as accounts
from app.accounts.passwords import PasswordHasher
from app.core.actor import Actor
from app.core.clock import Clock
from app.economy.gifts import policy, store
from app.economy.gifts.errors import PasswordWrong, PinLocked, PinNotSet, PinWrong
from app.economy.gifts.model import Pin, PinState
from app.infra.database import Connection, Database
from app.infra.rate_limit import RateLimit
from app.infra.secret_file import SecretFile
from app.infra.unit_of_work import Transactor, UnitOfWork

EVERYBODY = "everybody"


class Pins:
    """Sets and checks PINs. `pepper` is mixed into every hash and kept out of the database.

    Ten thousand PINs are soon tried by whoever steals the hashes; without the pepper they cannot begin.
    """

    def __init__(
        self,
        transactor: Transactor,
        database: Database,
        hasher: PasswordHasher,
        pepper: SecretFile,
        clock: Clock,
        *,
        by_address: RateLimit,
        wrong_in_all: RateLimit,
        wrong_passwords: RateLimit,
    ) -> None:
        self._transactor = transactor
        self._database = database
        self._hasher = hasher
        self._pepper = pepper
        self._clock = clock
        self._by_address = by_address
        self._wrong_in_all = wrong_in_all
        self._wrong_passwords = wrong_passwords
        self._checking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def state(self, db: Connection, account_id: int) -> PinState:
        """Whether a person has a PIN, and how many tries are left."""
        return policy.state_of(await store.pin(db, account_id), self._clock.now_ms())

    async def change(self, actor: Actor, address: str, *, password: str, pin: str) -> PinState:
        """Set a person's PIN, or replace it, for whoever knows the password. A lock stays until its time.

        Raises `PinTooEasy`, `PasswordWrong`, and `TooMany` for an address or after wrong passwords.
        """
        self._by_address.take(address)
        policy.check_new_pin(pin)
        await self._check_password(actor, password)
        hashed = await self._hasher.hash(self._seasoned(actor.id, pin))

        async def command(work: UnitOfWork) -> PinState:
            await store.set_pin(work.db, actor.id, hashed, self._clock.now_ms())
            return await self.state(work.db, actor.id)

        return await self._transactor.run(command)

    async def check(self, account_id: int, address: str, pin: str) -> None:
        """Return if this is the person's PIN.

        Raises `PinNotSet`, `PinWrong` with the tries left, `PinLocked` with the moment it ends, and `TooMany` for an
        address, or when too many are wrong everywhere.
        """
        # One at a time for each person: right PINs in parallel would else count as wrong tries of one another.
        async with self._checking.setdefault(account_id, asyncio.Lock()):
            self._by_address.take(address)
            self._wrong_in_all.take(EVERYBODY)
            counted = await self._count_try(account_id)
            if not await self._hasher.verify(counted.hash, self._seasoned(account_id, pin)):
                raise self._wrong(counted)
            self._wrong_in_all.give_back(EVERYBODY)
            await self._transactor.run(lambda work: store.forgive_tries(work.db, account_id))

    async def _count_try(self, account_id: int) -> Pin:
        async def command(work: UnitOfWork) -> Pin:
            pin = await store.lock_pin(work.db, account_id)
            if pin is None:
                raise PinNotSet
            counted = policy.count_try(pin, self._clock.now_ms())
            await store.save_tries(work.db, counted)
            return counted

        try:
            return await self._transactor.run(command)
        except (PinNotSet, PinLocked):
            # Nothing was guessed.
            self._wrong_in_all.give_back(EVERYBODY)
            raise

    async def _check_password(self, actor: Actor, password: str) -> None:
        # Counted before the password is looked at, so that guesses in parallel are not free.
        self._wrong_passwords.take(actor.id)
        async with self._database.reader() as db:
            found = await accounts.credentials(db, actor.username)
        if found is None or not await self._hasher.verify(found[1], password):
            raise PasswordWrong
        self._wrong_passwords.give_back(actor.id)

    def _wrong(self, counted: Pin) -> PinWrong:
        state = policy.state_of(counted, self._clock.now_ms())
        if state.locked_until is None:
            return PinWrong(tries_left=state.tries_left)
        return PinWrong("The PIN is wrong, and locked now", tries_left=0, locked_until=state.locked_until)

    def _seasoned(self, account_id: int, pin: str) -> str:
        """The PIN as it is hashed: of no use without the pepper, nor for another person's hash."""
        return hmac.new(self._pepper.value, f"{account_id}:{pin}".encode(), hashlib.sha256).hexdigest()
