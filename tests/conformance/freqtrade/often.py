"""A strategy that trades often, so that minutes show what otherwise takes days. It earns nothing."""

from datetime import datetime

from freqtrade.persistence import Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame


class Often(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = True
    startup_candle_count = 5
    minimal_roi = {"0": 0.006, "2": -1}  # noqa: RUF012 - freqtrade's way; -1: out after two minutes, whatever it earned
    stoploss = -0.006  # of the stake: with leverage 5 a little more than a minute's usual move
    trailing_stop = True
    trailing_stop_positive = 0.004
    trailing_stop_positive_offset = 0.005
    trailing_only_offset_is_reached = False
    position_adjustment_enable = True
    max_entry_position_adjustment = 1

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        """With the last candle: long after a rise, short after a fall."""
        rises = dataframe["close"] >= dataframe["open"]
        dataframe.loc[rises, "enter_long"] = 1
        dataframe.loc[~rises, "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        return dataframe

    def leverage(self, pair: str, current_time: datetime, *args: object, **kwargs: object) -> float:
        return 5.0

    def adjust_trade_position(
        self, trade: Trade, current_time: datetime, current_rate: float, current_profit: float, *args, **kwargs
    ) -> float | None:
        """Adds once to what loses: another entry, and a stop that has to follow the quantity."""
        return trade.stake_amount / 2 if current_profit < -0.001 else None
