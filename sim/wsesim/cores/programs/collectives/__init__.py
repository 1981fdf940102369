"""Collectives as programs for cores: broadcast, reduce and allreduce on lines, rings and rectangles."""
