{#
    Everything that is expected of one published table, in one query: a row for each row of the table and expectation that
    it breaks, with the client it is about and an example to look up. Nulls are left to `required`.

    key: columns by which a row is unique; none of them is null, but for those in `optional`
    required: further columns that are never null
    known_values: columns whose values are listed in `macros/value_lists.sql`; `table__column` is the list of one table
    ranges: {columns, from, to}: numbers between two bounds, both included
    references: {columns, to}: every row has one in the table `to` with the same columns
    unique: {columns, where}: further keys of the rows for which the condition holds
    rules: what is true of every row → the condition
    invariants: macros of `macros/invariants.sql`, each a query of failing rows
#}
{% test expectations(
    model, key, optional=[], required=[], known_values=[], ranges=[], references=[], unique=[], rules={}, invariants=[]
) %}

{%- set broken = {} -%}
{%- for column in key + required if column not in optional -%}
    {%- do broken.update({column ~ ' is not null': column ~ ' is null'}) -%}
{%- endfor -%}
{%- for list_name in known_values -%}
    {%- set column = list_name.split('__')[-1] -%}
    {%- do broken.update({
        column ~ ' is a known value': column ~ " not in ('" ~ value_lists()[list_name] | join("', '") ~ "')",
    }) -%}
{%- endfor -%}
{%- for range in ranges -%}
    {%- for column in range.columns -%}
        {%- do broken.update({
            column ~ ' is between ' ~ range.from ~ ' and ' ~ range.to:
                column ~ ' not between ' ~ range.from ~ ' and ' ~ range.to,
        }) -%}
    {%- endfor -%}
{%- endfor -%}
{%- for expectation, condition in rules.items() -%}
    {%- do broken.update({expectation: 'not (' ~ condition ~ ')'}) -%}
{%- endfor -%}

with checked as (

    select
        client_id,
        {{ refresh_of(key) }} as refreshed_on,
        {{ example_of(key) }} as example,
        unnest([
            {%- for expectation, condition in broken.items() %}
            case when {{ condition }} then '{{ expectation | replace("'", "''") }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as expectation
    from {{ model }}
    where
        {%- for condition in broken.values() %}
        {{ 'or ' if not loop.first }}{{ condition }}
        {%- endfor %}

)

select * from checked
where expectation is not null
{%- for one in [{'columns': key, 'where': 'true'}] + unique %}

union all

select
    client_id,
    {{ refresh_of(one.columns) }} as refreshed_on,
    {{ example_of(one.columns) }} as example,
    'one row for each {{ one.columns | join(", ") }}' as expectation
from {{ model }}
where {{ one.where }}
group by {{ one.columns | join(', ') }}
having count(*) > 1
{%- endfor %}
{%- for one in references %}

union all

select
    client_id,
    {{ refresh_of(one.columns) }} as refreshed_on,
    {{ example_of(one.columns) }} as example,
    '{{ one.columns | join(", ") }} has a row in {{ one.to.identifier }}' as expectation
from (
    select {{ one.columns | join(', ') }} from {{ model }}
    except
    select {{ one.columns | join(', ') }} from {{ one.to }}
) as without_row
{%- endfor %}
{%- for invariant in invariants %}

union all

select
    client_id,
    refreshed_on,
    example,
    '{{ invariant | replace("_", " ") }}' as expectation
from ({{ rows_that_break(invariant) }}) as breaking
{%- endfor %}

{% endtest %}
