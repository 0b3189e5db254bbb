"""Imports that are killed again and again, and what is in the account in the end.

`python -m tests.crash --runs 200` says how often a run was killed at which moment, and whether every row of every file
is in the account exactly once. `--blind` switches the reconciling off: then rows are doubled, and the harness says so.
"""
