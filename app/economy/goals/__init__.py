"""Achievements and quests: what people reach, and the bonus they claim for it."""
