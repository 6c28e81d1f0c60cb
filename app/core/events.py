"""Facts: what happened, in the past tense. Rooms record them; they never know who listens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has happened in a room. Subclasses add what is needed to tell it; they are never changed."""
