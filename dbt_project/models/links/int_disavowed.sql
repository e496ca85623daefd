with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where evidence_role != 'unconfirmed'

),

entries as (

    select * from {{ ref('stg_gsc__disavow') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

trimmed as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        entries.disavowed_domain is not null as is_domain,
        coalesce(entries.disavowed_domain, entries.disavowed_url) as entry,
        {{ url_after_scheme(url_without_fragment('coalesce(entries.disavowed_domain, entries.disavowed_url)')) }}
            as rest
    from entries
    inner join exports_in_effect
        on entries.file_id = exports_in_effect.file_id
    where entries.unreadable is null

),

{{ url_parts('rest') }}

select distinct
    client_id,
    refreshed_on,
    case when is_domain then regexp_replace(host, '^www\.', '') end as disavowed_domain,
    case when not is_domain then {{ url_key("host || port || tail") }} end as page_key
from punycoded
where host is not null and host != ''
