"""Bytes to trees and trees to models, a room per wire format."""
