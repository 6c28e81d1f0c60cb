"""Tests of the files of the chat."""
