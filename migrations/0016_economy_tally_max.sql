-- The most that may have come on the day by the rule that last let something come: the cap of an activity, held by the
-- database itself. A rule that was made stricter later lets nothing more come, and leaves this as it was.
ALTER TABLE econ_tally ADD COLUMN came_max BIGINT CHECK (came_max IS NULL OR came <= came_max);
