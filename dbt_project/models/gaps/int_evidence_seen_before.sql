with evidence as (

    select * from {{ ref('int_evidence') }}
    where is_linked

),

link_rows as (

    select * from {{ ref('int_link_rows_judged') }}
    where is_accepted and evidence_role != 'unconfirmed' and {{ is_live('live_key') }}

),

domain_rows as (

    select * from {{ ref('int_domain_rows_judged') }}
    where is_accepted and evidence_role != 'unconfirmed' and not is_lost and links > 0

),

exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

coverage as (

    select * from {{ ref('int_coverage') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

-- per file: whether the same list was there, whole, at the refresh before
files as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        exports_in_effect.file_number,
        coalesce(not coverage.is_truncated, false) as was_whole_before
    from exports_in_effect
    inner join refreshes
        on exports_in_effect.client_id = refreshes.client_id
        and exports_in_effect.refreshed_on = refreshes.refreshed_on
    left join coverage
        on refreshes.client_id = coverage.client_id
        and refreshes.refreshed_before_on = coverage.refreshed_on
        and exports_in_effect.site = coverage.site
        and exports_in_effect.provider = coverage.provider
        and exports_in_effect.export_kind = coverage.export_kind
    where refreshes.refreshed_before_on is not null

),

rows_of_evidence as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        site,
        file_number
    from link_rows
    group by all

    union

    select
        domain_rows.client_id,
        domain_rows.refreshed_on,
        domain_rows.referring_domain,
        domain_rows.site,
        domain_rows.file_number
    from domain_rows

)

select
    rows_of_evidence.client_id,
    rows_of_evidence.refreshed_on,
    rows_of_evidence.referring_domain,
    rows_of_evidence.site,
    evidence.is_own_site,
    bool_and(not files.was_whole_before) as is_unseen_before
from rows_of_evidence
inner join evidence
    on rows_of_evidence.client_id = evidence.client_id
    and rows_of_evidence.refreshed_on = evidence.refreshed_on
    and rows_of_evidence.referring_domain = evidence.referring_domain
    and rows_of_evidence.site = evidence.site
inner join files
    on rows_of_evidence.client_id = files.client_id
    and rows_of_evidence.refreshed_on = files.refreshed_on
    and rows_of_evidence.file_number = files.file_number
group by all
