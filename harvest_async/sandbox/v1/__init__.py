"""The desks behind the front desk: one for each section of the contract.

Rules of this folder: pure. Each file ends in `ROUTES`, its section's part of the contract's list of endpoints: methods,
path, who may ask, and the handler that answers. `base` says what a handler is given and gives back.
"""
