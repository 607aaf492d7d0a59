"""Why ES of tonight is not that of yesterday: by book, market, scenario, version, noise."""
