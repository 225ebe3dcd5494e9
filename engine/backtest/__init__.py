"""The compiled backtest: walks over bars in whole ticks and lots, with the exits and sizes that live trading uses."""
