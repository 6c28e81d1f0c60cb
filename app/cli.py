"""The operator's commands: `python -m app --help`."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar, cast

import typer
from pydantic import ValidationError

from app.core.clock import SystemClock
from app.demo import keep_talking, seed
from app.economy.ledger.audit import Report
from app.economy.ledger.chain import ChainReport
from app.economy.ledger.chain import verify_chain as recompute_chain
from app.economy.oversight.audit import audit as audit_economy
from app.economy.rules.model import Policy
from app.economy.rules.policy_file import DEFAULT_PRESET, PRESETS, PolicyError, load_policy
from app.economy.rules.service import published_policies
from app.economy.simulation.model import MIX, Class, Run, SimulationError
from app.economy.simulation.report import write_report
from app.economy.simulation.schemas import Simulation
from app.economy.simulation.service import simulate as run_simulation
from app.economy.simulation.study import conduct
from app.economy.simulation.tables import terminal
from app.generate import stale, write
from app.infra.database import Database, database_from_url
from app.infra.database.migrations import migrate as migrate_database
from app.infra.epoch import renew_epoch
from app.infra.telemetry import configure_logging
from app.main import MIGRATIONS, ROOT, create_app
from app.serve import run_served, serve_until_stopped
from app.settings import Settings

T = TypeVar("T")

_HASH = re.compile("[0-9a-f]{64}")

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.callback()
def main() -> None:
    """Guildhall: self-hosted, real-time chat with an economy built in."""


@cli.command()
def serve() -> None:
    """Migrate the database and serve until stopped."""
    settings = _settings()
    run_served(serve_until_stopped(settings, create_app(settings)))


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""

    async def work(database: Database) -> list[str]:
        return await migrate_database(database, MIGRATIONS, SystemClock())

    applied = _with_database(work)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@cli.command()
def audit(
    wallet: Annotated[int | None, typer.Option(help="Only the wallet of this account")] = None,
    verify_chain: Annotated[
        bool, typer.Option("--verify-chain", help="Also read and hash all of history, and hold it against its seals")
    ] = False,
    expect: Annotated[
        str | None, typer.Option(help="A head hash kept elsewhere, which the chain must still contain; verifies it too")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
) -> None:
    """Recompute every invariant of the ledger; exit with 1 and print the evidence when one does not hold.

    History is sealed in a chain of hashes, an hour behind. --verify-chain names each sealed row that was changed,
    deleted or inserted since, and prints the hash of the chain's head. Keep that hash where the database's
    administrators cannot change it: handed back with --expect, it shows whether history up to it is still the same.
    """
    if expect is not None and not _HASH.fullmatch(expect):
        raise typer.BadParameter("a hash is 64 hexadecimal digits", param_hint="--expect")

    async def work(database: Database) -> tuple[Report, ChainReport | None]:
        async with database.snapshot() as db:
            report = await audit_economy(db, await published_policies(db), owner=wallet)
            return report, await recompute_chain(db, expect) if verify_chain or expect else None

    report, chain = _with_database(work)
    ok = report.ok and (chain is None or chain.ok)
    if as_json:
        told = {} if chain is None else {"chain": chain.to_json()}
        typer.echo(json.dumps({**report.to_json(), "ok": ok, **told}))
    else:
        typer.echo("\n".join(each.to_text() for each in (report, chain) if each is not None))
    if not ok:
        raise typer.Exit(1)


@cli.command()
def promote(username: str) -> None:
    """Make an existing person an administrator."""
    settings = _settings()

    async def work() -> str:
        app = create_app(settings)
        await app.database.open()
        try:
            person = await app.transactor.run(lambda unit: app.accounts.promote(unit, username))
        finally:
            await app.database.close()
        return person.username

    typer.echo(f"{asyncio.run(work())} is an administrator now")


@cli.command()
def epoch() -> None:
    """Begin a new epoch, as is due after restoring a backup: every client reloads."""
    typer.echo(f"the epoch is {_with_database(renew_epoch)} now; restart the server")


@cli.command()
def demo() -> None:
    """Fill an empty data folder with people who talk, and serve it."""
    settings = _settings()

    async def work() -> None:
        cast = await seed(settings)
        typer.echo(f"Sign in as {', '.join(cast.people)} with the password {cast.password} (the first administers)")
        app = create_app(settings)
        app.tasks.spawn(keep_talking(app, cast), name="demo")
        await serve_until_stopped(settings, app)

    run_served(work())


@cli.command()
def generate(check: Annotated[bool, typer.Option(help="Only tell whether the files are up to date")] = False) -> None:
    """Write the files that are generated from the code: API documents, settings, economy tables."""
    if not check:
        write(ROOT)
        return
    old = stale(ROOT)
    if old:
        typer.echo("stale, run `make generate`: " + ", ".join(old), err=True)
        raise typer.Exit(1)
    typer.echo("generated files are up to date")


@cli.command()
def simulate(
    days: Annotated[int, typer.Option(help="How long, 28 to 366")] = 90,
    agents: Annotated[int, typer.Option(help="How many people, 20 to 20000")] = 2000,
    mix: Annotated[str, typer.Option(help="Parts of each class")] = ",".join(
        f"{its}:{part}" for its, part in MIX.items()
    ),
    policy: Annotated[str, typer.Option(help="A preset, or a policy file")] = DEFAULT_PRESET.stem,
    seed: Annotated[int, typer.Option(help="The same seed makes the same run")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report of the shipped policies here instead")] = None,
) -> None:
    """Play a policy through with imagined people; exit with 1 when it misses a target of balance."""
    try:
        run = Run(days, agents, _mix(mix), seed)
        rules = _policy(policy)
    except (SimulationError, PolicyError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if report is not None:
        study = conduct(run, tell=lambda what: typer.echo(what, err=True))
        typer.echo("\n".join(str(path) for path in write_report(study, report)))
        return
    result = run_simulation(rules, run)
    typer.echo(Simulation.of(result).model_dump_json() if as_json else terminal(result))
    if not result.passed:
        raise typer.Exit(1)


def _mix(text: str) -> dict[Class, int]:
    """Parts by class, as in `casual:70,core:30`."""
    try:
        parts = [part.split(":") for part in text.split(",")]
        return {cast("Class", kind.strip()): int(count) for kind, count in parts}
    except ValueError:
        raise SimulationError("a mix is written like casual:70,core:25,farmer:4,ring:1") from None


def _policy(name: str) -> Policy:
    preset = PRESETS / f"{name}.toml"
    return load_policy(preset if name.isidentifier() and preset.exists() else Path(name))


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in item["loc"]).upper()
            typer.echo(f"GUILDHALL_{name}: {item['msg']}", err=True)
        raise typer.Exit(2) from None
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())
    configure_logging(settings.log_level, pretty=pretty)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings


def _with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    settings = _settings()

    async def run() -> T:
        database = database_from_url(settings.effective_database_url)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
