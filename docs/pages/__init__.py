"""One module for each generated reference page: `page()` returns its Markdown."""
