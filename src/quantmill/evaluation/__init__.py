"""How far a result can be believed: statistics of Sharpe ratios found by searching."""
