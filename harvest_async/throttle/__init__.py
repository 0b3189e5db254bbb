"""The throttle: an exact window, a gate in front of it, and the ledgers that remember."""
