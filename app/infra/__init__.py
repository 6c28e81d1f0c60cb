"""Input and output without a word about the product: databases, units of work, outbox, HTTP, logs, tasks."""
