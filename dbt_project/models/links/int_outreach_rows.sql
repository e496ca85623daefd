with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where evidence_role != 'unconfirmed'

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

delivered_rows as (

    select * from {{ ref('stg_outreach__events') }}
    where unreadable is null

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        delivered_rows.*,
        -- a row that names both speaks of the page
        {{ url_after_scheme(url_without_fragment(
            'coalesce(delivered_rows.source_url, delivered_rows.delivered_domain)'
        )) }} as subject_rest
    from delivered_rows
    inner join exports_in_effect
        on delivered_rows.file_id = exports_in_effect.file_id

),

{{ url_parts('subject_rest') }}

select
    client_id,
    refreshed_on,
    file_id,
    row_number,
    nullif(host, '') as host,
    coalesce(source_url, delivered_domain) as delivered_subject,
    source_url,
    status_word,
    owner,
    note,
    logged_on
from punycoded
