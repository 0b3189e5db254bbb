"""Imports in the background of an app: as JSON, and as pages."""

from harvest_async.fastapi.imports.background import BackgroundImports
from harvest_async.fastapi.imports.page_routes import imports_pages
from harvest_async.fastapi.imports.routes import imports_router

__all__ = ["BackgroundImports", "imports_pages", "imports_router"]
