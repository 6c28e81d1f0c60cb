"""The delivery oracle: real servers under faults, and a ledger of intents that says afterwards what must be true."""
