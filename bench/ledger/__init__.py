"""The ledger through one process of ours, beside pgbench doing the same by plain statements on the same server."""
