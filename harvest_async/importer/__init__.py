"""Imports: the rows of files, plans, runs and their journals."""
