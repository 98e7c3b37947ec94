"""Would it have made money: signals, fills, the compiled bar loop, metrics, recorded runs."""
