"""Guildhall: a self-hosted, real-time chat platform with an economy built in."""

__version__ = "0.1.0"
