"""The ledger: wallets, lots, holds and immutable transfers. It knows nothing of rewards, gifts or shops."""
