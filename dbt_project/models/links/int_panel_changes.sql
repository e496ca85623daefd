with refreshes as (

    select
        client_id,
        refreshed_on,
        is_in_run,
        panel_hash,
        min_competitors,
        lag(refreshed_on) over of_client as refreshed_before_on,
        lag(panel_hash) over of_client as panel_hash_before,
        lag(min_competitors) over of_client as min_competitors_before
    from {{ source('ledger', 'refreshes') }}
    window of_client as (partition by client_id order by refreshed_on)

),

changed as (

    select * from refreshes
    where is_in_run and panel_hash != panel_hash_before

)

select
    client_id,
    refreshed_on as changed_on,
    refreshed_on,
    refreshed_before_on as panel_of,
    min_competitors_before as min_competitors
from changed

union all

select
    client_id,
    refreshed_on as changed_on,
    refreshed_before_on as refreshed_on,
    refreshed_on as panel_of,
    min_competitors
from changed
