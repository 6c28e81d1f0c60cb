"""Tests of what is promised to everybody: documents, refusals, and who may do what."""
