"""Which names are streams of this venue?"""

import re
from collections.abc import Container

from venue.candles import INTERVALS

KINDS = re.compile(
    r"(?P<symbol>[a-z0-9]+)(_perpetual)?@"
    r"(aggtrade|trade|bookticker|miniticker|ticker|markprice(@1s)?|forceorder"
    r"|compositeindex|rpidepth@500ms"
    r"|depth(5|10|20)?(@(100|250|500)ms)?|(continuous)?kline_(?P<interval>\w+))"
)
ALL = re.compile(
    r"!(markprice@arr(@1s)?|miniticker@arr|ticker@arr|bookticker|forceorder@arr|contractinfo|assetindex@arr)|tradingsession"
)


def is_stream_name(name: str, symbols: Container[str]) -> bool:
    stream = name.lower()
    if ALL.fullmatch(stream):
        return True
    found = KINDS.fullmatch(stream)
    if not found or found["symbol"].upper() not in symbols:
        return False
    return found["interval"] is None or found["interval"] in INTERVALS
