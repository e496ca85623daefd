"""How cells are read: text as delivered → number, day or boolean, as SQL expressions.

Every spelling that real exports show is read here and nowhere else; what cannot be read is null. The landed views are
typed with these expressions, and landing counts with them what could not be read.
"""

from __future__ import annotations

from pipelines.exports.formats import Column, FieldType

SQL_TYPES: dict[FieldType, str] = {
    "text": "varchar",
    "url": "varchar",
    "host": "varchar",
    "number": "double",
    "date": "date",
    "boolean": "boolean",
    "flag": "boolean",
}

FIRST_DAY, LAST_DAY = "1990-01-01", "2078-12-31"
"""Days on which there was no web (`0001-01-01` and the like stand for "unknown") are no days."""

_TRUE = ("true", "yes", "1", "y", "t", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "vero", "prawda", "tak", "✓")
_FALSE = ("false", "no", "0", "n", "f", "falsch", "nein", "faux", "non", "falso", "fałsz", "nie", "-")


def read_sql(value: str, column: Column, date_order: str) -> str:
    """The SQL expression that reads a landed cell as its field's type.

    Args:
        value: SQL expression of the text; null for a missing cell.
        column: The field's entry in the catalogue.
        date_order: `mdy` or `dmy`: how 05/06/2025 is meant.
    """
    match column.type:
        case "number":
            return number_sql(value)
        case "date":
            return day_sql(value, date_order)
        case "boolean":
            return boolean_sql(value)
        case "flag":
            return f"{value} != ''"
        case _:
            return value


def boolean_sql(value: str) -> str:
    """Every spelling of yes and no, the ones of translated spreadsheets included."""
    true, false = (", ".join(f"'{word}'" for word in words) for words in (_TRUE, _FALSE))
    return f"case when lower(trim({value})) in ({true}) then true when lower(trim({value})) in ({false}) then false end"


def number_sql(value: str) -> str:
    """Plain and scientific numbers, `28,484`, `1.240,5`, `0,6`, `33.3%`, `$15`, `<1` (its bound), `−2`, `1.2K`.

    A comma between groups of three digits separates thousands, any other single comma is a decimal one. `inf`, `nan`
    and numbers beyond all measure, which spreadsheets leave behind, are no numbers.
    """
    return _NUMBER.replace("VALUE", value)


def day_sql(value: str, date_order: str) -> str:
    """The UTC day of a date or time.

    ISO dates and times with or without offset, unix seconds and milliseconds, `05/28/2025`, `28.05.2025`,
    `23-Feb-2020`, `Feb 23, 2020`, `2025年8月3日`. Of a date with two numbers up to 12 the order of the format decides;
    dots mean day first.
    """
    return _DAY.replace("MONTH_FIRST", "true" if date_order == "mdy" else "false").replace("VALUE", value)


_CLEAN_NUMBER = r"regexp_replace(replace(VALUE, '−', '-'), '[\s\x{a0}\x{202f}''’$€£%<>~≈+]', '', 'g')"

_NUMBER = rf"""case when VALUE is null then null else coalesce(
    case when abs(try_cast(VALUE as double)) < 1e15 then try_cast(VALUE as double) end,
    list_filter(list_transform([{_CLEAN_NUMBER}], lambda cell: case
        when regexp_full_match(cell, '-?[0-9]{{1,3}}(,[0-9]{{3}})+(\.[0-9]+)?')
            then try_cast(replace(cell, ',', '') as double)
        when
            regexp_full_match(cell, '-?[0-9]{{1,3}}((\.[0-9]{{3}})+,[0-9]+|(\.[0-9]{{3}}){{2,}})|-?[0-9]+,[0-9]+')
            then try_cast(replace(replace(cell, '.', ''), ',', '.') as double)
        when regexp_full_match(cell, '-?[0-9]+(\.[0-9]+)?[kKmMbB]')
            then try_cast(cell[:-2] as double) * case lower(cell[-1]) when 'k' then 1e3 when 'm' then 1e6 else 1e9 end
        when regexp_full_match(cell, '-?[0-9]+(\.[0-9]*)?([eE]-?[0-9]{{1,2}})?')
            then try_cast(cell as double)
    end), lambda number: abs(number) < 1e15)[1]
) end"""

_NAMED_MONTHS = "['%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%b %d, %Y', '%B %d, %Y', '%d-%b-%y']"


def _possible(day: str) -> str:
    return f"list_filter([{day}], lambda day: day between date '{FIRST_DAY}' and date '{LAST_DAY}')[1]"


_WITH_OFFSET = r"""cast(
        try_cast(left(VALUE, 19) as timestamp)
        - to_minutes(
            (case when regexp_matches(VALUE, '-[0-9]{2}:?[0-9]{2}$') then -1 else 1 end)
            * (try_cast(regexp_extract(VALUE, '([0-9]{2}):?[0-9]{2}$', 1) as integer) * 60
                + try_cast(regexp_extract(VALUE, '([0-9]{2})$', 1) as integer))
        )
    as date)"""

_OF_PARTS = r"""list_transform(
        [list_transform(regexp_extract_all(cell, '[0-9]+')[:3], lambda part: cast(part as integer))],
        lambda parts: try_cast(
            case when parts[3] < 100 then 2000 + parts[3] else parts[3] end || '-'
            || case
                when parts[1] > 12 or contains(cell, '.') or (parts[2] <= 12 and not MONTH_FIRST)
                    then parts[2] || '-' || parts[1]
                else parts[1] || '-' || parts[2]
            end as date)
    )[1]"""

_OTHERWISE_WRITTEN = rf"""case
        when regexp_full_match(cell, '[0-9]{{9,10}}(\.0)?')
            then cast(make_timestamp(cast(cast(cell as double) * 1000000 as bigint)) as date)
        when regexp_full_match(cell, '[0-9]{{12,13}}(\.0)?')
            then cast(make_timestamp(cast(cast(cell as double) * 1000 as bigint)) as date)
        when regexp_matches(cell, '^[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-]([0-9]{{4}}|[0-9]{{2}})\b')
            then {_OF_PARTS}
        when regexp_matches(cell, '^[0-9]{{4}}年[0-9]{{1,2}}月[0-9]{{1,2}}日')
            then try_cast(regexp_replace(cell, '^([0-9]+)年([0-9]+)月([0-9]+)日.*$', '\1-\2-\3') as date)
        else cast(try_strptime(
            regexp_extract(
                cell, '^([0-9]{{1,2}}[- ][A-Za-z]{{3,9}}[- ][0-9]{{2,4}}|[A-Za-z]{{3,9}} [0-9]{{1,2}}, [0-9]{{4}})'
            ),
            {_NAMED_MONTHS}
        ) as date)
    end"""

_DAY = rf"""case
    when VALUE is null then null
    when length(VALUE) > 19 and regexp_matches(VALUE, '[0-9]{{2}}(\.[0-9]+)? ?[+-][0-9]{{2}}:?[0-9]{{2}}$')
        then {_possible(_WITH_OFFSET)}
    else coalesce(
        {_possible("try_cast(left(VALUE, 10) as date)")},
        list_transform([trim(VALUE)], lambda cell: {_possible(_OTHERWISE_WRITTEN)})[1]
    )
end"""
