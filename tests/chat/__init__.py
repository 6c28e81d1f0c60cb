"""Tests of rooms and of what is said in them."""
