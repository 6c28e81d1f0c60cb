"""The pure centre: errors, facts, money, time and ids. Standard library only."""
