"""mpmt's scripts: they know its records, its command line and its trial protocol, and no C++."""
