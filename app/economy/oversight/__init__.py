"""The proof that the books add up, and the duties nobody asks for."""
