with link_rows as (

    select
        client_id,
        refreshed_on,
        source_host,
        page_language,
        count(*) as pages
    from {{ ref('int_link_rows') }}
    where page_language is not null and evidence_role != 'unconfirmed' and rule_bits % 8 = 0
    group by all

),

-- a client without markets is not asked, also where another one has had the same file asked
exports_in_effect as (

    select distinct
        exports.client_id,
        exports.refreshed_on,
        exports.file_id
    from {{ ref('int_exports_in_effect') }} as exports
    inner join {{ source('ledger', 'refreshes') }} as refreshes
        on exports.client_id = refreshes.client_id
        and exports.refreshed_on = refreshes.refreshed_on
    where
        exports.evidence_role != 'unconfirmed'
        and (len(refreshes.market_languages) > 0 or len(refreshes.market_countries) > 0)

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

detected as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        coalesce(unicode_hosts.punycode_host, host_languages.host) as source_host,
        host_languages.language,
        host_languages.row_count as pages
    from {{ source('landed', 'host_languages') }} as host_languages
    inner join exports_in_effect
        on host_languages.file_id = exports_in_effect.file_id
    left join unicode_hosts
        on host_languages.host = unicode_hosts.host

),

told as (

    select
        client_id,
        refreshed_on,
        source_host,
        page_language as language,
        pages,
        'provider' as language_source
    from link_rows

    union all

    select
        client_id,
        refreshed_on,
        source_host,
        language,
        pages,
        'detected' as language_source
    from detected

)

select
    told.client_id,
    told.refreshed_on,
    hosts.referring_domain,
    told.language,
    told.language_source,
    cast(sum(told.pages) as bigint) as pages
from told
inner join hosts
    on told.source_host = hosts.host
group by all
