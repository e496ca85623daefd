with won_links as (

    select * from {{ ref('int_won_links') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

horizons as (

    select
        refreshes.client_id,
        refreshes.refreshed_on,
        days.days
    from refreshes
    cross join unnest([30, 90, 180]) as days (days)

),

-- of every day on which links were lost: how many, and how many had lived until then
by_day as (

    select
        client_id,
        refreshed_on,
        observed_days,
        count(*) filter (is_lost) as lost,
        sum(count(*)) over (
            partition by client_id, refreshed_on
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as living
    from won_links
    group by client_id, refreshed_on, observed_days

),

survival as (

    select
        horizons.client_id,
        horizons.refreshed_on,
        horizons.days,
        -- in the order of days: a product and a sum of doubles depend on it
        product(1 - by_day.lost / by_day.living order by by_day.observed_days) as survival,
        sum(by_day.lost / (by_day.living * nullif(by_day.living - by_day.lost, 0)) order by by_day.observed_days)
            as greenwood_sum
    from horizons
    inner join by_day
        on horizons.client_id = by_day.client_id
        and horizons.refreshed_on = by_day.refreshed_on
        and horizons.days >= by_day.observed_days
    group by horizons.client_id, horizons.refreshed_on, horizons.days

),

counted as (

    select
        horizons.client_id,
        horizons.refreshed_on,
        horizons.days,
        count(won_links.referring_domain) as won_links,
        count(*) filter (won_links.is_lost and won_links.observed_days <= horizons.days) as lost_links,
        count(*) filter (won_links.observed_days >= horizons.days) as at_risk
    from horizons
    left join won_links
        on horizons.client_id = won_links.client_id
        and horizons.refreshed_on = won_links.refreshed_on
    group by horizons.client_id, horizons.refreshed_on, horizons.days

),

-- beyond the longest observation nothing is known, unless none was left
known as (

    select
        counted.client_id,
        counted.refreshed_on,
        counted.days,
        counted.won_links,
        counted.lost_links,
        counted.at_risk,
        case
            when counted.won_links = 0 then null
            when counted.at_risk > 0 then coalesce(survival.survival, 1)
            when survival.survival = 0 then 0
        end as survival,
        survival.greenwood_sum
    from counted
    left join survival
        on counted.client_id = survival.client_id
        and counted.refreshed_on = survival.refreshed_on
        and counted.days = survival.days

)

select
    client_id,
    refreshed_on,
    cast(days as integer) as days,
    won_links,
    lost_links,
    at_risk,
    round(100 * survival, 2) as survival_pct,
    round(100 * {{ survival_bound('survival', 'greenwood_sum', 1) }}, 2) as survival_low_pct,
    round(100 * {{ survival_bound('survival', 'greenwood_sum', -1) }}, 2) as survival_high_pct
from known
