"""From a reader's case to a sentence: what is measured of it, what its neighbours say, what is missing."""
