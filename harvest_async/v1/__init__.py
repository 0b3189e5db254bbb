"""Version 1 of the API: XML and JSON, HTTP Basic and OAuth 2.0."""
