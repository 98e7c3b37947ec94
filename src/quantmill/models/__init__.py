"""Models: algorithms, training, walk-forward predictions, judgement, artifacts and the registry."""
