with movements as (

    select
        *,
        {{ position_band('position_before') }} as position_band
    from {{ ref('int_page_movements') }}
    where position_before is not null

),

gains as (

    select * from {{ ref('int_page_gains') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}
    where is_own_site

),

-- gained one refresh earlier: the links were there when the positions before were taken
pages as (

    select
        movements.client_id,
        movements.refreshed_on,
        movements.position_band,
        movements.page,
        gains.gained_referring_domains > 0 as has_gained,
        bool_or(panel_sites.site is not null) as is_own_page,
        {{ exact_mean('movements.change') }} as change
    from movements
    inner join gains
        on movements.client_id = gains.client_id
        and movements.refreshed_before_on = gains.refreshed_on
        and movements.page = gains.page
    left join panel_sites
        on movements.client_id = panel_sites.client_id
        and movements.refreshed_on = panel_sites.refreshed_on
        and movements.site = panel_sites.site
    where movements.position_band is not null and gains.gained_referring_domains is not null
    group by all

),

means as (

    select
        client_id,
        refreshed_on,
        position_band,
        has_gained,
        {{ exact_mean('change') }} as mean_change
    from pages
    group by all

),

spread as (

    select
        pages.*,
        means.mean_change,
        cast(power(pages.change - means.mean_change, 2) as decimal(30, 9)) as squared_deviation
    from pages
    inner join means
        on pages.client_id = means.client_id
        and pages.refreshed_on = means.refreshed_on
        and pages.position_band = means.position_band
        and pages.has_gained = means.has_gained

),

compared as (

    select
        client_id,
        refreshed_on,
        position_band,
        count(change) filter (where has_gained) as pages_gained,
        count(change) filter (where not has_gained) as pages_not_gained,
        count(change) filter (where has_gained and is_own_page) as own_pages_gained,
        count(*) filter (where has_gained and change is null) as pages_gained_dropped,
        count(*) filter (where not has_gained and change is null) as pages_not_gained_dropped,
        max(mean_change) filter (where has_gained) as change_gained,
        max(mean_change) filter (where not has_gained) as change_not_gained,
        sum(squared_deviation) filter (where has_gained) as squares_gained,
        sum(squared_deviation) filter (where not has_gained) as squares_not_gained
    from spread
    group by all

),

-- squared standard errors of both means, where both groups have enough pages
errors as (

    select
        *,
        cast(squares_gained as double) / (pages_gained - 1) / pages_gained as error_gained,
        cast(squares_not_gained as double) / (pages_not_gained - 1) / pages_not_gained as error_not_gained
    from compared
    where least(pages_gained, pages_not_gained) >= {{ var('comparison_pages') }}

),

-- degrees of freedom by Welch and Satterthwaite; without any spread there is no interval
intervals as (

    select
        client_id,
        refreshed_on,
        position_band,
        sqrt(error_gained + error_not_gained) as standard_error,
        power(error_gained + error_not_gained, 2)
        / (power(error_gained, 2) / (pages_gained - 1) + power(error_not_gained, 2) / (pages_not_gained - 1))
            as degrees_of_freedom
    from errors
    where error_gained + error_not_gained > 0

)

select
    compared.client_id,
    compared.refreshed_on,
    compared.position_band,
    compared.pages_gained,
    compared.pages_not_gained,
    compared.own_pages_gained,
    compared.pages_gained_dropped,
    compared.pages_not_gained_dropped,
    compared.change_gained,
    compared.change_not_gained,
    round(compared.change_gained - compared.change_not_gained, 6) as difference,
    round(
        compared.change_gained - compared.change_not_gained
        - {{ t_quantile('intervals.degrees_of_freedom') }} * intervals.standard_error,
        6
    ) as difference_low,
    round(
        compared.change_gained - compared.change_not_gained
        + {{ t_quantile('intervals.degrees_of_freedom') }} * intervals.standard_error,
        6
    ) as difference_high
from compared
left join intervals
    on compared.client_id = intervals.client_id
    and compared.refreshed_on = intervals.refreshed_on
    and compared.position_band = intervals.position_band
