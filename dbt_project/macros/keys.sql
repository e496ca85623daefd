{#
    One number that puts the rows of a link in the contract's order of quotation and holds the row at the same time:
    live first, latest day, provider, file, row number. The smallest is the row that is quoted. Packing saves a sort
    of structures: one `min` per link.

    Bits from the highest: 1 lost · 15 days before 2079 · 4 provider · 16 file · 28 row number.
#}
{% macro quote_key(is_lost, observed_on, provider_rank, file_number, row_number) -%}
    (
        cast(case when {{ is_lost }} then 1 else 0 end as ubigint) * 9223372036854775808
        + cast(32767 - greatest(0, least(32766, coalesce(date_diff('day', date '1990-01-01', {{ observed_on }}), -1) + 1))
            as ubigint) * 281474976710656
        + cast({{ provider_rank }} as ubigint) * 17592186044416
        + cast({{ file_number }} as ubigint) * 268435456
        + cast({{ row_number }} as ubigint)
    )
{%- endmacro %}

{% macro quoted_file_number(quote_key) -%}
    cast(({{ quote_key }} // 268435456) % 65536 as integer)
{%- endmacro %}

{% macro quoted_row_number(quote_key) -%}
    cast({{ quote_key }} % 268435456 as bigint)
{%- endmacro %}

{# A number that puts rows in the order of their files, so that of several every run shows the same. #}
{% macro row_place(file_number='file_number', row_number='row_number') -%}
    (cast({{ file_number }} as bigint) * 268435456 + {{ row_number }})
{%- endmacro %}

{#
    The latest day decides whether a link is live; on the same day live wins; observations without a day decide only
    where none has one. The largest of these numbers decides, and is odd for live.
#}
{% macro live_key(is_lost, observed_on) -%}
    (
        coalesce(date_diff('day', date '1900-01-01', {{ observed_on }}) + 1, 0) * 2
        + case when {{ is_lost }} then 0 else 1 end
    )
{%- endmacro %}

{# The day of the observation that decides; null where it has none. #}
{% macro day_of(live_key) -%}
    (date '1899-12-31' + cast(nullif({{ live_key }} // 2, 0) as integer))
{%- endmacro %}

{% macro is_live(live_key) -%}
    ({{ live_key }} % 2 = 1)
{%- endmacro %}
