"""Lists written to files by a worker: asked for, watched, fetched, removed."""
