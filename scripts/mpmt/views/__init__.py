"""What records say, as values that writers draw or print: sentences, charts and tables. One file a view; nothing here knows
what it will look like."""
