"""Tests that money is neither made nor lost: the ledger against a model, its audit, crashes and concurrency."""
