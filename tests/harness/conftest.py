"""What was acknowledged must be there after a kill: databases are on a disk."""

from tests.harness.lasting import postgresql_source, sqlite_source

__all__ = ["postgresql_source", "sqlite_source"]
