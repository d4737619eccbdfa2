"""Amounts of money in capitals (大写), as receipts and payment advices carry them beside the figures.

The rules are those of the People's Bank of China for bills and vouchers (《支付结算办法》, annex 1). cn2an writes the same
words, but takes a number as text or float and needs a second package for it; this takes integer fen.
"""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿")


def in_capitals(fen: int) -> str:
    """1005 -> '壹拾元零伍分'. Raises ValueError below zero, and from a thousand billion yuan on."""
    if not 0 <= fen < 10**14:
        raise ValueError(f"{fen} fen have no capitals.")
    yuan, rest = divmod(fen, 100)
    tenths, hundredths = divmod(rest, 10)
    words = f"{_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{words or '零元'}整"
    if tenths:
        words += f"{DIGITS[tenths]}角"
    elif yuan:
        words += "零"
    return words + (f"{DIGITS[hundredths]}分" if hundredths else "")


def _whole(yuan: int) -> str:
    """A zero is written once, and only between two other digits; each group of four ends with its name."""
    words, is_after_zero = "", False
    for power in reversed(range(len(str(yuan)))):
        digit = yuan // 10**power % 10
        if digit:
            words += ("零" if is_after_zero else "") + DIGITS[digit] + PLACES[power % 4]
        is_after_zero = digit == 0
        if power % 4 == 0 and yuan // 10**power % 10**4:
            words += GROUPS[power // 4]
    return words
