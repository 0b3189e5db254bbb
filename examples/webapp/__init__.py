"""A time sheet in a web app; see the README beside this file."""
