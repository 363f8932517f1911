"""`mpmt ask`: from a reader's case to a few short runs of mpmt, and from their records to one sentence and what it rests on."""
