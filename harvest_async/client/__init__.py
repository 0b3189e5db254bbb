"""What clients of every API version share."""
