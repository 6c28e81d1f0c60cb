"""People: who they are, how they prove it, and where they are signed in."""
