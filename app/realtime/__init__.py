"""The Socket.IO edge: typed commands in, pushes out, nothing decided here."""
