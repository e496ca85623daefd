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

-- a row of a matrix speaks of several sites but is one row of its file
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
    where exports_in_effect.export_kind = 'backlinks'
    group by all

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
        where export_kind != 'backlinks'
    ) as files
    left join domains_in_files
        on files.client_id = domains_in_files.client_id
        and files.refreshed_on = domains_in_files.refreshed_on
        and files.file_id = domains_in_files.file_id
    group by all

)

select * from link_files
union all
select * from domain_files
