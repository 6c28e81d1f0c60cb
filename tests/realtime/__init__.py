"""Tests of the Socket.IO edge: real clients, real frames, a real server on loopback."""
