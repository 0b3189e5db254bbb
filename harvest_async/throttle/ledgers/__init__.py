"""Where an account's leases are stored."""
