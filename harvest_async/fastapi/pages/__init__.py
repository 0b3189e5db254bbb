"""The pages that this package serves: templates, one style sheet, one script, and what all pages have in common."""

from harvest_async.fastapi.pages.render import PageRoute, Pages

__all__ = ["PageRoute", "Pages"]
