"""Plays a policy through with imagined people before it pays real ones, and judges how it balances."""
