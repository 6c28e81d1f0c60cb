"""Which engines a test module runs on."""

from __future__ import annotations

import pytest

SQLITE_ONLY = pytest.mark.parametrize("database_source", ["sqlite"], indirect=True)
"""For tests that say nothing about the database; what does runs on both engines without asking."""

POSTGRESQL_ONLY = pytest.mark.parametrize("database_source", ["postgresql"], indirect=True)
"""For what SQLite cannot do, such as two transactions at once."""
