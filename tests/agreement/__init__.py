"""A property test over both API versions: what one of three clients writes, all of them read."""
