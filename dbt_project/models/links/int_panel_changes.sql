with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

pairs as (

    select
        client_id,
        refreshed_on as changed_on,
        refreshed_on,
        refreshed_before_on as panel_of
    from refreshes
    where is_in_run and is_panel_changed

    union all

    select
        client_id,
        refreshed_on as changed_on,
        refreshed_before_on as refreshed_on,
        refreshed_on as panel_of
    from refreshes
    where is_in_run and is_panel_changed

)

select
    pairs.client_id,
    pairs.changed_on,
    pairs.refreshed_on,
    pairs.panel_of,
    panels.min_competitors
from pairs
inner join refreshes as panels
    on pairs.client_id = panels.client_id
    and pairs.panel_of = panels.refreshed_on
