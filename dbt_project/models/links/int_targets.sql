with link_rows as (

    select distinct
        client_id,
        refreshed_on,
        file_site,
        target_host,
        target_path
    from {{ ref('int_link_rows') }}
    where target_host is not null and not is_untargeted

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

containing as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        link_rows.file_site,
        link_rows.target_host,
        link_rows.target_path,
        panel_sites.site,
        panel_sites.is_own_site,
        {{ site_specificity('panel_sites') }} as specificity
    from link_rows
    inner join panel_sites
        on link_rows.client_id = panel_sites.client_id
        and link_rows.refreshed_on = panel_sites.refreshed_on
        and {{ is_inside_site(
            'link_rows.target_host', 'link_rows.target_path', 'panel_sites.site_host', 'panel_sites.site_path'
        ) }}

)

select
    client_id,
    refreshed_on,
    file_site,
    target_host,
    target_path,
    -- the most specific site that contains the target owns the link
    max_by(site, specificity) as site,
    max_by(is_own_site, specificity) as is_own_site,
    bool_or(site = file_site) as is_inside_file_site
from containing
group by all
