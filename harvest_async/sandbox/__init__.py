"""A Harvest account to run against; it judges clients from outside and imports none of them."""
