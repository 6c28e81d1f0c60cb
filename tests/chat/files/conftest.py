"""Fixtures of files: the desk they are handed in at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat.files.desk import Desk
from tests.chat.talk import Talk


@pytest.fixture
def desk(talk: Talk, tmp_path: Path) -> Desk:
    return Desk(talk, tmp_path / "files")
