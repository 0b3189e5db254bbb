"""Tests of harvest_async."""
