"""Parameter grids, batches of trials, the trial ledger and the leaderboard."""
