"""What pinned packages know, each behind one file."""
