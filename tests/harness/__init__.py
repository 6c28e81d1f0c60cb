"""What the tests stand on: a clock in the hand, fresh databases, real servers, clients that check what they hear."""
