"""Filters over dates, numbers and money as a locale writes them (E-TEMPLATE-9)."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal, cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_currency, format_decimal, is_currency, parse_pattern
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context

from rendering.context import TimedContext
from rendering.filters.dates import moment_of
from rendering.printing import to_text

_FALLBACK: Final = "en"
_LOCALE_CHARACTERS: Final = 35
_DIGITS: Final = 40
"""The longest number that is written; a longer one comes back as it is."""

Style = Literal["full", "long", "medium", "short"]


@with_context
def format_date_in_locale(
    value: object, locale: object = _FALLBACK, style: object = "short", *, context: TimedContext
) -> str:
    """The day of `value`, in one of the styles short, medium, long and full; what is no time stays."""
    moment = moment_of(value, context.now)
    if moment is None:
        return to_text(value)
    return _plain(format_date(moment.date(), _style(style), _locale(to_text(locale))))


@with_context
def format_datetime_in_locale(
    value: object,
    locale: object = _FALLBACK,
    date_style: object = "short",
    time_style: object = "short",
    *,
    context: TimedContext,
) -> str:
    """Day and time of `value`, each in its style; the time is that of its own offset."""
    moment = moment_of(value, context.now)
    if moment is None:
        return to_text(value)
    known = _locale(to_text(locale))
    day = format_date(moment.date(), _style(date_style), known)
    time = format_time(moment, _style(time_style), tzinfo=moment.tzinfo, locale=known)
    joined = str(get_datetime_format(_style(date_style), known)).replace("'", "")
    return _plain(joined.replace("{0}", time).replace("{1}", day))


def format_number(value: object, locale: object = _FALLBACK) -> str:
    """The number with its separators; what is no number stays."""
    number = _number(value)
    return (
        to_text(value) if number is None else _plain(format_decimal(number, locale=_locale(to_text(locale))))
    )


def currency(value: object, code: object = "USD", locale: object = _FALLBACK) -> str:
    """An amount of money, with the decimals that its currency has."""
    number = _number(value)
    if number is None:
        return to_text(value)
    return _plain(format_currency(number, _currency(code), locale=_locale(to_text(locale))))


def rounded_currency(value: object, code: object = "USD", locale: object = _FALLBACK) -> str:
    """An amount of money to the nearest whole unit, half a unit upwards."""
    number = _number(value)
    if number is None:
        return to_text(value)
    known = _locale(to_text(locale))
    pattern = parse_pattern(known.currency_formats["standard"].pattern)
    pattern.frac_prec = (0, 0)
    whole = number.quantize(Decimal(1), rounding="ROUND_HALF_UP")
    return _plain(pattern.apply(whole, known, currency=_currency(code), currency_digits=False))


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    """The locale, or its language's, or English: nobody's message fails for a locale that is not known."""
    wanted = name.strip().replace("-", "_")[:_LOCALE_CHARACTERS]
    while wanted:
        try:
            return Locale.parse(wanted)
        except (UnknownLocaleError, ValueError):
            wanted = wanted.rpartition("_")[0]
    return Locale.parse(_FALLBACK)


def _style(style: object) -> Style:
    text = to_text(style)
    if text not in ("full", "long", "medium", "short"):
        raise FilterArgumentError(f"there is no style '{text[:_LOCALE_CHARACTERS]}' of dates", token=None)
    return cast("Style", text)


def _currency(code: object) -> str:
    text = to_text(code).strip().upper()
    if not is_currency(text):
        raise FilterArgumentError(f"there is no currency '{text[:_LOCALE_CHARACTERS]}'", token=None)
    return text


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    text = to_text(value).strip()
    try:
        number = Decimal(text) if len(text) <= _DIGITS else Decimal("NaN")
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _DIGITS else None


def _plain(text: str) -> str:
    """With ordinary spaces: newer locale data separates with narrow ones, which many fonts lack."""
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
