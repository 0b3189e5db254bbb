"""Bytes to trees and trees to models, with a module for each wire format."""
