"""Gifts between people, and the PIN that every gift needs."""
