"""When, and in which order: steps, enrollments, and the pure function that advances them."""
