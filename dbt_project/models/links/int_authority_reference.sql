{{ config(tags='static') }}

with reference as (

    select * from {{ ref('authority_reference') }}

),

-- the scale of authority is the Domain Rating: a percentile is worth the rating that stands at it
scale as (

    select
        value as authority_from,
        percentile as percentile_from,
        lead(value) over (order by value) as authority_to,
        lead(percentile) over (order by value) as percentile_to
    from reference
    where metric = 'ahrefs_dr'

),

points as (

    select
        reference.metric,
        reference.value,
        scale.authority_from
        + (reference.percentile - scale.percentile_from)
        * (scale.authority_to - scale.authority_from)
        / (scale.percentile_to - scale.percentile_from) as authority
    from reference
    inner join scale
        on reference.percentile >= scale.percentile_from
        and (
            reference.percentile < scale.percentile_to
            or (reference.percentile = 100 and scale.percentile_to = 100)
        )

),

segments as (

    select
        metric,
        value as value_from,
        authority as authority_from,
        lead(value) over (partition by metric order by value) as value_to,
        lead(authority) over (partition by metric order by value) as authority_to,
        lead(value, 2) over (partition by metric order by value) is null as is_last
    from points

)

select * from segments
where value_to is not null
