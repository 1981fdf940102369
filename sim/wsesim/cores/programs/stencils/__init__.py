"""Stencils: cells that are renewed from their neighbours, on cores that exchange the edges of their tiles."""
