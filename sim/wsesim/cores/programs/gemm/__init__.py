"""Products as programs for cores: vector and matrix by matrix, weights resident or streamed in."""
