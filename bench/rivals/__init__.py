"""Stock servers that Guildhall is measured beside."""
