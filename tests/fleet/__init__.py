"""A fleet whose workers are killed again and again, and what is in its accounts in the end.

`python -m tests.fleet --runs 20 --accounts 200 --api v2` says whether every row of every file is in its account exactly
once, and whether the calls of any account exceeded its limit.
"""
