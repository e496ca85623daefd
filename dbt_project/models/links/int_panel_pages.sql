with link_rows as (

    select distinct
        client_id,
        refreshed_on,
        source_host,
        source_path
    from {{ ref('int_link_rows') }}
    where source_host is not null

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

)

select distinct
    link_rows.client_id,
    link_rows.refreshed_on,
    link_rows.source_host,
    link_rows.source_path
from link_rows
inner join panel_sites
    on link_rows.client_id = panel_sites.client_id
    and link_rows.refreshed_on = panel_sites.refreshed_on
    and {{ is_inside_site(
        'link_rows.source_host', 'link_rows.source_path', 'panel_sites.site_host', 'panel_sites.site_path'
    ) }}
