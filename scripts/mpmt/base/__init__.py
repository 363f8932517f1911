"""What every command uses: how it starts and ends, what it prints, which files it reads and writes."""
