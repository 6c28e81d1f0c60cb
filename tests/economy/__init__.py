"""Tests of the economy room."""
