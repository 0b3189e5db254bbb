"""Imports: rows of a file, a plan, and the run that carries it out."""
