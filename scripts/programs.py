"""The system programs the tests use beside Python and Node, and their installation where this user may install."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess

# What shows that a Debian package, or its like on another system, is there: a program's name or a pattern of files.
PACKAGES = {
    "postgresql": ("postgres", "/usr/lib/postgresql/*/bin/postgres"),
    "redis-server": ("redis-server",),
    "chromium": ("chromium",),
    "fonts-thai-tlwg": ("/usr/share/fonts/*/tlwg/*",),
    "fonts-noto-color-emoji": ("/usr/share/fonts/**/NotoColorEmoji.ttf",),
}


def install_missing() -> None:
    """Install what is missing with apt when that needs no password; else say what will be skipped for want of it."""
    missing = [package for package, signs in PACKAGES.items() if not any(map(_present, signs))]
    if not missing:
        return
    prefix = _privilege()
    if prefix is None or shutil.which("apt-get") is None:
        print(f"Not installed, so the tests that need them are skipped: {', '.join(missing)}", flush=True)
        return
    print(f"Installing {', '.join(missing)}", flush=True)
    # RUNLEVEL=1 keeps the packages from starting servers: the tests start their own and end them.
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-q", "-y"]
    subprocess.run([*apt, "update"], check=True, timeout=300)
    subprocess.run([*apt, "install", "--no-install-recommends", *missing], check=True, timeout=1200)


def _present(sign: str) -> bool:
    return bool(glob.glob(sign, recursive=True)) if sign.startswith("/") else shutil.which(sign) is not None


def _privilege() -> list[str] | None:
    """The words before a command that let it install: none for root, `sudo -n`, or None when there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True, timeout=10).returncode == 0:
        return [sudo, "-n"]
    return None
