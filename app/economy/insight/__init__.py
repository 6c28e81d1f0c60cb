"""A person's own figures: what came in by what, what went out for what, day by day; and the whole history as a file."""
