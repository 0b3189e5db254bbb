"""Several processes that share one token store, while their tokens are revoked or expire in every round."""
