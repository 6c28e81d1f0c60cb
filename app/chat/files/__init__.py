"""Files of messages: taken in, shared, read and opened by members of a room."""
