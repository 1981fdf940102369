"""Programs that show one mechanism each: an instruction, a loop, a message."""
