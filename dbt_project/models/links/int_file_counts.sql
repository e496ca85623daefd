with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where is_current

),

links_in_files as (

    select
        client_id,
        refreshed_on,
        file_number,
        page_key,
        target_key,
        count(*) filter (is_accepted) as accepted,
        count(*) filter (not is_accepted) as rejected
    from {{ ref('int_link_rows_judged') }}
    where evidence_role = 'current'
    group by client_id, refreshed_on, file_number, page_key, target_key

),

-- a row of a file with one column a site speaks of several sites but is one row of its file
rows_of_many_sites as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_id,
        link_rows.row_number,
        any_value(link_rows.page_key) as page_key,
        bool_or(link_rows.is_accepted) as is_accepted
    from {{ ref('int_link_rows_judged') }} as link_rows
    inner join exports_in_effect
        on link_rows.client_id = exports_in_effect.client_id
        and link_rows.refreshed_on = exports_in_effect.refreshed_on
        and link_rows.file_number = exports_in_effect.file_number
    where exports_in_effect.is_of_many_sites
    group by all

),

pages_in_files as (

    select
        client_id,
        refreshed_on,
        file_id,
        page_key,
        count(*) filter (is_accepted) as accepted,
        count(*) filter (not is_accepted) as rejected
    from rows_of_many_sites
    group by all

),

domain_rows as (

    select distinct
        client_id,
        refreshed_on,
        delivered_on,
        file_id,
        row_number,
        delivered_domain,
        is_accepted
    from {{ ref('int_domain_rows_judged') }}
    where evidence_role = 'current'

),

domains_in_files as (

    select
        client_id,
        refreshed_on,
        file_id,
        delivered_domain,
        count(*) filter (is_accepted) as accepted,
        count(*) filter (not is_accepted) as rejected
    from domain_rows
    group by all

),

link_files as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_id,
        exports_in_effect.site,
        count(*) filter (links_in_files.accepted > 0) as rows_accepted,
        coalesce(sum(links_in_files.rejected), 0) as rows_rejected,
        coalesce(sum(links_in_files.accepted - 1) filter (links_in_files.accepted > 0), 0) as rows_duplicate
    from exports_in_effect
    left join links_in_files
        on exports_in_effect.client_id = links_in_files.client_id
        and exports_in_effect.refreshed_on = links_in_files.refreshed_on
        and exports_in_effect.file_number = links_in_files.file_number
    where exports_in_effect.describes = 'links' and not exports_in_effect.is_of_many_sites
    group by all

),

link_files_of_many_sites as (

    select
        files.client_id,
        files.refreshed_on,
        files.file_id,
        cast(null as varchar) as site,
        count(*) filter (pages_in_files.accepted > 0) as rows_accepted,
        coalesce(sum(pages_in_files.rejected), 0) as rows_rejected,
        coalesce(sum(pages_in_files.accepted - 1) filter (pages_in_files.accepted > 0), 0) as rows_duplicate
    from (
        select distinct
            client_id,
            refreshed_on,
            file_id
        from exports_in_effect
        where describes = 'links' and is_of_many_sites
    ) as files
    left join pages_in_files
        on files.client_id = pages_in_files.client_id
        and files.refreshed_on = pages_in_files.refreshed_on
        and files.file_id = pages_in_files.file_id
    group by all

),

-- a row of another kind is accepted when it can be read
other_files as (

    select distinct
        export_files.client_id,
        export_files.refreshed_on,
        export_files.file_id,
        export_files.site,
        export_files.rows_read - coalesce(export_files.rows_unreadable, 0) as rows_accepted,
        coalesce(export_files.rows_unreadable, 0) as rows_rejected,
        0 as rows_duplicate
    from {{ source('ledger', 'export_files') }} as export_files
    where export_files.outcome = 'accepted' and export_files.describes = 'other'

),

domain_files as (

    select
        files.client_id,
        files.refreshed_on,
        files.file_id,
        cast(null as varchar) as site,
        count(*) filter (domains_in_files.accepted > 0) as rows_accepted,
        coalesce(sum(domains_in_files.rejected), 0) as rows_rejected,
        coalesce(sum(domains_in_files.accepted - 1) filter (domains_in_files.accepted > 0), 0) as rows_duplicate
    from (
        select distinct
            client_id,
            refreshed_on,
            file_id
        from exports_in_effect
        where describes = 'domains'
    ) as files
    left join domains_in_files
        on files.client_id = domains_in_files.client_id
        and files.refreshed_on = domains_in_files.refreshed_on
        and files.file_id = domains_in_files.file_id
    group by all

)

select * from link_files
union all by name
select * from link_files_of_many_sites
union all by name
select * from domain_files
union all by name
select * from other_files
