"""Settings: read once from the environment or `.env`, prefix `GUILDHALL_`, then handed down and never changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.ids import NODES
from app.infra.rate_limit import Rate

_RATE = re.compile(r"(\d+)\+(\d+(?:\.\d+)?)/([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _read_rate(value: Any) -> Any:
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    burst, refill, unit = match.groups()
    return Rate(int(burst), float(refill) / _UNIT_SECONDS[unit])


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name} is not a known time zone") from None
    return name


RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_read_rate)]
"""Written `60+10/s`: sixty at once, refilled by ten a second (or `/m`, `/h`)."""


class Settings(BaseSettings):
    """Everything an operator may set. The descriptions are the documentation."""

    model_config = SettingsConfigDict(
        env_prefix="GUILDHALL_", env_file=".env", env_ignore_empty=True, extra="forbid", frozen=True
    )

    host: Annotated[str, Field(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one")] = 8000
    public_url: Annotated[
        str | None,
        Field(pattern=r"^https?://[^/]+$", description="Where people reach it, such as https://chat.example.org"),
    ] = None
    data_dir: Annotated[Path, Field(description="Folder of the database, files and generated secrets")] = Path("data")
    database_url: Annotated[
        SecretStr | None,
        Field(description="postgresql://user:password@host/name; without it SQLite in the data folder"),
    ] = None
    database_pool_max: Annotated[int, Field(ge=2, le=100, description="PostgreSQL connections of this process")] = 10
    files_url: Annotated[
        str | None,
        Field(
            pattern=r"^s3://[^/]+(/.*)?$",
            description="s3://bucket/prefix for the bytes of files, with the usual AWS_ variables; without it a folder",
        ),
    ] = None
    node: Annotated[int, Field(ge=0, lt=NODES, description="Number of this process among those that share")] = 0
    registration: Annotated[
        Literal["open", "invite", "closed"], Field(description="Who may register: anybody, the invited, or nobody")
    ] = "open"
    timezone: Annotated[
        str, AfterValidator(_known_zone), Field(description="Zone in which days and weeks of the economy begin")
    ] = "UTC"
    economy_policy: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", description="Preset of rewards and caps")] = (
        "balanced"
    )
    heads_interval_s: Annotated[
        float, Field(gt=0, le=60, description="Seconds between beacons that tell clients how far their rooms are")
    ] = 27.0
    audit_interval_s: Annotated[
        float, Field(ge=60, le=604_800, description="Seconds between audits, which recompute every invariant of money")
    ] = 3600.0
    rate_register: Annotated[RateSetting, Field(description="Registrations from one address")] = Rate(100, 10 / 60)
    rate_login: Annotated[RateSetting, Field(description="Sign-ins from one address")] = Rate(100, 20 / 60)
    rate_failed_login: Annotated[RateSetting, Field(description="Failed sign-ins for one name")] = Rate(10, 1 / 60)
    rate_connect: Annotated[RateSetting, Field(description="Socket connections from one address")] = Rate(500, 20.0)
    rate_command: Annotated[RateSetting, Field(description="Socket commands of one person")] = Rate(400, 40.0)
    rate_message: Annotated[RateSetting, Field(description="Messages, reactions and votes of one person")] = Rate(
        60, 10.0
    )
    rate_upload: Annotated[RateSetting, Field(description="Files uploaded by one person")] = Rate(60, 1.0)
    rate_opening: Annotated[RateSetting, Field(description="Files one person says to have opened")] = Rate(60, 2.0)
    rate_room_change: Annotated[RateSetting, Field(description="Rooms made, joined and left by one person")] = Rate(
        60, 1.0
    )
    rate_pin_address: Annotated[RateSetting, Field(description="PINs checked or set from one address")] = Rate(
        60, 20 / 60
    )
    rate_pin: Annotated[RateSetting, Field(description="Wrong PINs of everybody together")] = Rate(300, 1.0)
    rate_pin_password: Annotated[RateSetting, Field(description="Wrong passwords of one person setting a PIN")] = Rate(
        10, 1 / 60
    )
    cron_token: Annotated[
        SecretStr | None, Field(description="Bearer token of a job that calls /api/billing/daily-reset")
    ] = None
    metrics_token: Annotated[
        SecretStr | None, Field(description="Bearer token for /metrics; without it only loopback may read them")
    ] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="Least to log")] = "info"
    log_format: Annotated[
        Literal["auto", "json", "pretty"], Field(description="auto is pretty at a terminal and JSON elsewhere")
    ] = "auto"

    @property
    def effective_database_url(self) -> str:
        """The database to open: the one set, or the embedded one."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'guildhall.db'}"

    def rates(self) -> dict[str, Rate]:
        """The rate limits by name, without their prefix."""
        prefix = "rate_"
        return {
            name.removeprefix(prefix): getattr(self, name)
            for name in type(self).model_fields
            if name.startswith(prefix)
        }
