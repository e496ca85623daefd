with delivered_rows as (

    select * from {{ ref('int_link_rows__unioned') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

quality_settings as (

    select * from {{ ref('int_quality_settings') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

trimmed as (

    select
        delivered_rows.*,
        delivered_rows.may_lack_target and coalesce(trim(delivered_rows.target_url), '') = '' as is_untargeted,
        coalesce(delivered_rows.lost_on, delivered_rows.last_seen_on) as observed_on,
        refreshes.has_path_sites,
        quality_settings.* exclude (client_id, refreshed_on),
        {{ url_after_scheme(url_without_fragment('delivered_rows.source_url')) }} as source_rest,
        {{ url_after_scheme(url_without_fragment('delivered_rows.target_url')) }} as target_rest
    from delivered_rows
    inner join refreshes
        on delivered_rows.client_id = refreshes.client_id
        and delivered_rows.refreshed_on = refreshes.refreshed_on
    inner join quality_settings
        on delivered_rows.client_id = quality_settings.client_id
        and delivered_rows.refreshed_on = quality_settings.refreshed_on

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

),

-- what the page looks like, asked once
seen as (

    select
        *,
        {{ hits_patterns('comment_page', 'url', 'source_url') }}
        or coalesce(is_ugc, false)
        or regexp_matches(coalesce(page_type, ''), '(?i)comment|profile') as is_comment,
        {{ hits_patterns('commercial_anchor', 'anchor', 'anchor') }}
        -- the name of a site is no offer
        and not regexp_matches(trim(anchor), '^\S+\.\S+$') as has_commercial_anchor,
        -- a long discussion has many links
        regexp_matches(
            source_tail,
            '(?i)/(forums?|threads?|topics?|viewtopic|showthread|questions|discussions?|r/[^/]+/comments)'
        )
            as is_thread,
        regexp_replace(target_host, '^www\.', '') as target_name
    from punycoded

),

-- the rules that look at nothing but the row
ruled as (

    select
        *,
        unreadable is not null as hit_unreadable_row,
        unreadable is null
        and (
            coalesce(trim(source_url), '') = ''
            or (not may_lack_target and coalesce(trim(target_url), '') = '')
        ) as hit_missing_url,
        (source_url is not null and source_rest is null)
        or (target_url is not null and target_rest is null) as hit_not_http,
        link_type in ('redirect', 'canonical', 'alternate', 'mention') as hit_no_link,
        is_provider_spam as hit_provider_spam,
        not coalesce(is_check, false)
        and (http_status in (404, 410) or http_status between 500 and 599) as hit_page_gone,
        spam_score >= threshold_spam_score as hit_spam_score,
        spam_score >= threshold_spam_score_medium and spam_score < threshold_spam_score as hit_spam_score_medium,
        link_spam_score >= threshold_link_spam_score as hit_link_spam_score,
        toxic_score >= threshold_toxic_score as hit_toxic_score,
        toxic_score >= threshold_toxic_score_medium and toxic_score < threshold_toxic_score as hit_toxic_score_medium,
        external_links >= threshold_many_outgoing_links as hit_many_outgoing_links,
        external_links >= threshold_link_heavy_page
        and external_links < threshold_many_outgoing_links as hit_link_heavy_page,
        link_type = 'image' and {{ is_picture('target_rest') }} as hit_image_hotlink,
        is_comment
        and (
            has_commercial_anchor
            or (not is_thread and external_links >= threshold_worthless_comment)
        ) as hit_worthless_comment,
        -- the path or a parameter is the name of the linked site: a page that a program makes of any domain
        case
            when coalesce(target_name, '') != '' and contains(source_tail, target_name)
                then {{ names_target('source_tail', 'target_name') }}
        end as hit_site_profile
    from seen

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
    -- a row that names no target is a link to the site until another row of the page tells which
    case
        when is_untargeted then {{ url_key("file_site") }}
        else {{ url_key("target_host || " ~ url_port('target_authority') ~ " || target_tail") }}
    end as target_key,
    -- a path that two sites do not have by chance: three words, or a long number, and no usual room of a site
    case
        when
            length(source_tail) >= 12
            and not regexp_matches(
                source_tail,
                '(?i)/(useful|recommended|helpful|resources?|links?|partners?|sponsors?|blogroll|bookmarks?|about'
                || '|contact|category|categories|tags?|author|archives?|page)(/|-|_|\.|\?|$)'
            )
            and regexp_matches(source_tail, '([a-zA-Z0-9%]+[-_]){2,}[a-zA-Z0-9%]|[0-9]{5,}|[0-9a-f]{12,}')
            then {{ url_key("lower(source_tail)") }}
    end as path_key,
    is_untargeted,
    coalesce(is_check, false) as is_check,
    coalesce(is_page_gone, false) as is_page_gone,
    -- a file with one column a site has a row for each, linked or not
    coalesce(is_linked, true) as is_linked,
    {{ quote_key('is_lost', 'observed_on', 'provider_rank', 'file_number', 'row_number') }} as quote_key,
    -- what somebody saw outweighs what a crawler saw on the same day
    {{ live_key('is_lost', 'case when is_check and is_lost then observed_on + 1 else observed_on end') }} as live_key,
    {% for metric in domain_metrics() + page_metrics() %}
    cast({{ metric }} as float) as {{ metric }},
    {% endfor %}
    cast(domain_traffic as float) as domain_traffic,
    (
        {{ packed_hits([
            'unreadable_row', 'missing_url', 'not_http', 'no_link', 'provider_spam', 'page_gone', 'spam_score',
            'spam_score_medium', 'link_spam_score', 'toxic_score', 'toxic_score_medium', 'many_outgoing_links',
            'link_heavy_page', 'image_hotlink', 'worthless_comment', 'site_profile',
        ]) }}
        | {{ pattern_bits('title', 'title') }}
        | {{ pattern_bits('anchor', 'anchor') }}
        | {{ pattern_bits('url', 'source_rest') }}
    )
    & ~niche_rule_bits as rule_bits,
    {{ rel_bits('is_nofollow', 'is_ugc', 'is_sponsored') }} as rel_bits,
    is_in_content,
    is_sitewide,
    title is not null or anchor is not null as has_text,
    first_seen_on,
    coalesce(last_seen_on, lost_on) as last_seen_on
from ruled
