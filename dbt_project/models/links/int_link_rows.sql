with delivered_rows as (

    select * from {{ ref('int_link_rows__unioned') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

trimmed as (

    select
        delivered_rows.*,
        coalesce(delivered_rows.lost_on, delivered_rows.last_seen_on) as observed_on,
        refreshes.has_path_sites,
        {{ url_after_scheme(url_without_fragment('delivered_rows.source_url')) }} as source_rest,
        {{ url_after_scheme(url_without_fragment('delivered_rows.target_url')) }} as target_rest
    from delivered_rows
    inner join refreshes
        on delivered_rows.client_id = refreshes.client_id
        and delivered_rows.refreshed_on = refreshes.refreshed_on

),

split as (

    select
        *,
        {{ url_authority('source_rest') }} as source_authority,
        {{ url_authority('target_rest') }} as target_authority
    from trimmed

),

hosts as (

    select
        *,
        {{ url_host('source_authority') }} as source_host_written,
        {{ url_host('target_authority') }} as target_host_written,
        {{ url_tail('source_rest', 'source_authority') }} as source_tail,
        {{ url_tail('target_rest', 'target_authority') }} as target_tail
    from split

),

punycoded as (

    select
        hosts.*,
        coalesce(source_names.punycode_host, hosts.source_host_written) as source_host,
        coalesce(target_names.punycode_host, hosts.target_host_written) as target_host
    from hosts
    left join unicode_hosts as source_names
        on hosts.source_host_written = source_names.host
    left join unicode_hosts as target_names
        on hosts.target_host_written = target_names.host

)

select
    client_id,
    refreshed_on,
    file_number,
    row_number,
    provider_rank,
    file_site,
    evidence_role,
    source_host,
    target_host,
    -- paths are kept where a site of the panel is a path, else the host decides alone
    case when has_path_sites then {{ path_of('source_tail') }} else '' end as source_path,
    case when has_path_sites then {{ path_of('target_tail') }} else '' end as target_path,
    page_language,
    {{ url_key("source_host || " ~ url_port('source_authority') ~ " || source_tail") }} as page_key,
    {{ url_key("target_host || " ~ url_port('target_authority') ~ " || target_tail") }} as target_key,
    {{ quote_key('is_lost', 'observed_on', 'provider_rank', 'file_number', 'row_number') }} as quote_key,
    {{ live_key('is_lost', 'observed_on') }} as live_key,
    cast(ahrefs_dr as float) as ahrefs_dr,
    cast(semrush_page_as as float) as semrush_page_as,
    cast(domain_traffic as float) as domain_traffic,
    {{ rule_bits({
        'unreadable_row': "unreadable is not null",
        'missing_url': "unreadable is null and least(trim(coalesce(source_url, '')), trim(coalesce(target_url, ''))) = ''",
        'not_http': "(source_url is not null and source_rest is null)"
            ~ " or (target_url is not null and target_rest is null)",
        'no_link': "link_type in ('redirect', 'canonical', 'alternate')",
        'provider_spam': "coalesce(is_provider_spam, false)",
    }) }} as rule_bits,
    not is_nofollow and not is_ugc and not is_sponsored as is_follow,
    first_seen_on,
    coalesce(last_seen_on, lost_on) as last_seen_on
from punycoded
