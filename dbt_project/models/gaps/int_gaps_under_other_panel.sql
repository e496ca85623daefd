with panel_changes as (

    select * from {{ ref('int_panel_changes') }}

),

panel_sites as (

    select * from {{ source('ledger', 'panel_sites') }}

),

evidence as (

    select * from {{ ref('int_evidence') }}
    where evidence = 'domain' or (evidence is null and is_linked_perhaps)

),

-- what speaks of domains says of a site as a whole where it belongs in the other panel
domain_evidence as (

    select
        evidence.client_id,
        panel_changes.changed_on,
        evidence.refreshed_on,
        evidence.referring_domain,
        max_by(other_sites.site, {{ site_specificity('other_sites') }}) as site,
        evidence.is_linked
    from evidence
    inner join panel_changes
        on evidence.client_id = panel_changes.client_id
        and evidence.refreshed_on = panel_changes.refreshed_on
    inner join panel_sites as sites
        on evidence.client_id = sites.client_id
        and evidence.refreshed_on = sites.refreshed_on
        and evidence.site = sites.site
    inner join panel_sites as other_sites
        on evidence.client_id = other_sites.client_id
        and panel_changes.panel_of = other_sites.refreshed_on
        and {{ is_inside_site('sites.site_host', 'sites.site_path', 'other_sites.site_host', 'other_sites.site_path') }}
    -- a domain that is itself a site of the other panel links to nobody there
    left join panel_sites as linking_sites
        on evidence.client_id = linking_sites.client_id
        and panel_changes.panel_of = linking_sites.refreshed_on
        and {{ is_inside_site(
            'evidence.referring_domain', "''", 'linking_sites.site_host', 'linking_sites.site_path'
        ) }}
    where linking_sites.site is null
    group by all

),

all_evidence as (

    select * from {{ ref('int_links_under_other_panel') }}

    union all by name

    select * from domain_evidence

),

counted as (

    select
        all_evidence.client_id,
        all_evidence.changed_on,
        all_evidence.refreshed_on,
        all_evidence.referring_domain,
        panel_changes.min_competitors,
        coalesce(bool_or(all_evidence.is_linked and panel_sites.is_own_site), false) as is_client_linked,
        bool_or(panel_sites.is_own_site) as is_client_linked_perhaps,
        count(distinct all_evidence.site) filter (all_evidence.is_linked and not panel_sites.is_own_site)
            as competitors,
        count(distinct all_evidence.site) filter (not panel_sites.is_own_site) as competitors_perhaps
    from all_evidence
    inner join panel_changes
        on all_evidence.client_id = panel_changes.client_id
        and all_evidence.changed_on = panel_changes.changed_on
        and all_evidence.refreshed_on = panel_changes.refreshed_on
    inner join panel_sites
        on all_evidence.client_id = panel_sites.client_id
        and panel_changes.panel_of = panel_sites.refreshed_on
        and all_evidence.site = panel_sites.site
    group by all

),

judged as (

    select
        *,
        -- as the tables would show it
        not is_client_linked and competitors >= min_competitors as is_open,
        -- … or with unconfirmed links taken as there
        not is_client_linked_perhaps and competitors_perhaps >= min_competitors as is_open_perhaps
    from counted

)

select
    client_id,
    changed_on as refreshed_on,
    referring_domain,
    coalesce(bool_or(is_open) filter (refreshed_on = changed_on), false) as is_open_under_panel_before,
    coalesce(bool_or(is_client_linked) filter (refreshed_on = changed_on), false) as is_linked_under_panel_before,
    coalesce(bool_or(is_open or is_open_perhaps) filter (refreshed_on < changed_on), false) as was_open_under_this_panel
from judged
group by all
