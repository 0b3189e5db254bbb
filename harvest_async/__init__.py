"""Asyncio client for the Harvest time-tracking and invoicing API."""
