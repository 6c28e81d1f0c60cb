"""Journeys of people through the product: the real server, the built client, a real browser."""
