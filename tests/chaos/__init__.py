"""Imports, exports, calls, an app and a fleet in networks and on machines that fail, and what the server saw.

`python -m tests.chaos --trials 3 --seed 0` runs each subject against each fault and prints how many trials failed. A
trial fails if a record is lost or doubled, if the calls exceed the limit of the account in any window, if an error is
raised that is not documented, or if a lease, a connection, a task, a file, a thread or an object of the library is left.
"""
