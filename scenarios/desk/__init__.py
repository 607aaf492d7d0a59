"""What a desk has: files of vendors and brokers, read into a market, a chain and a book."""
