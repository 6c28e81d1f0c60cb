"""What `make` calls; the standard library is all it needs."""
