"""The project's own benchmark: Guildhall beside stock servers that do the same work, in one run on one machine."""
