"""The daily allowance: a little money for tools that everybody gets each day, and the work that spends it."""
