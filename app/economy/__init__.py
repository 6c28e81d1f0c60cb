"""The economy: what activity earns, under which rules, and the ledger that holds every balance.

It knows neither rooms nor messages. What people do reaches it as a neutral `Activity`; what it does leaves it as
facts (`events`). Every number is policy, in `rules/presets/*.toml`.
"""
