"""Exports of whole accounts: see `harvest_async.exports`."""
