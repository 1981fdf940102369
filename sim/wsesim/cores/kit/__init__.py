"""What a kernel is written with: communication by name, a core as its author sees it, and programs from both."""
