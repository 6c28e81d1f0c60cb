"""What people do earns tokens; where they stand, and why."""
