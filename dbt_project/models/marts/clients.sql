{{ config(materialized='view') }}

with clients as (

    select * from {{ source('ledger', 'clients') }}

),

latest as (

    select
        client_id,
        max(refreshed_on) as last_refreshed_on
    from {{ source('ledger', 'refreshes') }}
    group by client_id

)

select
    clients.client_id,
    clients.name,
    clients.main_site,
    clients.every_days,
    clients.earliest_days,
    clients.latest_days,
    clients.is_active,
    latest.last_refreshed_on,
    cast(latest.last_refreshed_on + to_days(clients.earliest_days) as date) as next_window_on
from clients
left join latest
    on clients.client_id = latest.client_id
