"""Did it help: outcomes by arm, lift with its interval, and what the data cannot say."""
