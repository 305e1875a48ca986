"""Grid and random search over pipeline settings with grouped, nested cross-validation."""

from .search import Search
from .search_result import SearchResult

__all__ = ["Search", "SearchResult"]
