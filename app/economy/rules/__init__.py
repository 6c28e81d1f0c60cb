"""The rules of the economy as data, and the pure decisions made by them."""
