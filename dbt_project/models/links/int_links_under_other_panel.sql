with panel_changes as (

    select * from {{ ref('int_panel_changes') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

links as (

    select * from {{ ref('int_links_merged') }}
    where is_live or is_unconfirmed

),

-- where the links of a changed panel point, and where they stand: paths only where a panel of the client has one
link_rows as (

    select distinct
        client_id,
        refreshed_on,
        page_key,
        target_key,
        source_host,
        source_path,
        case when not is_untargeted then target_host end as target_host,
        case when not is_untargeted then target_path end as target_path
    from {{ ref('int_link_rows') }} as every_row
    where exists (
        select 1 from panel_changes
        where
            panel_changes.client_id = every_row.client_id
            and panel_changes.refreshed_on = every_row.refreshed_on
    )

),

places as (

    select
        links.client_id,
        panel_changes.changed_on,
        links.refreshed_on,
        panel_changes.panel_of,
        links.referring_domain,
        links.is_live,
        link_rows.source_host,
        link_rows.source_path,
        -- of a link without a target its site alone is known
        coalesce(link_rows.target_host, sites.site_host) as target_host,
        coalesce(link_rows.target_path, sites.site_path) as target_path
    from links
    inner join panel_changes
        on links.client_id = panel_changes.client_id
        and links.refreshed_on = panel_changes.refreshed_on
    inner join link_rows
        on links.client_id = link_rows.client_id
        and links.refreshed_on = link_rows.refreshed_on
        and links.page_key = link_rows.page_key
        and links.target_key = link_rows.target_key
    left join panel_sites as sites
        on links.client_id = sites.client_id
        and links.refreshed_on = sites.refreshed_on
        and links.site = sites.site

),

inside as (

    select
        places.client_id,
        places.changed_on,
        places.refreshed_on,
        places.referring_domain,
        places.source_host,
        places.source_path,
        places.target_host,
        places.target_path,
        places.is_live,
        max_by(panel_sites.site, {{ site_specificity('panel_sites') }}) filter (
            {{ is_inside_site(
                'places.target_host', 'places.target_path', 'panel_sites.site_host', 'panel_sites.site_path'
            ) }}
        ) as site,
        bool_or(
            {{ is_inside_site(
                'places.source_host', 'places.source_path', 'panel_sites.site_host', 'panel_sites.site_path'
            ) }}
        ) as is_panel_page
    from places
    inner join panel_sites
        on places.client_id = panel_sites.client_id
        and places.panel_of = panel_sites.refreshed_on
    group by all

)

select
    client_id,
    changed_on,
    refreshed_on,
    referring_domain,
    site,
    bool_or(is_live) as is_linked
from inside
where site is not null and not is_panel_page and referring_domain is not null
group by all
