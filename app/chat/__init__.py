"""Rooms, membership, messages and read positions. This room has never heard of sockets or tokens."""
