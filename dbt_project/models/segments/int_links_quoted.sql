with links as (

    select * from {{ ref('int_links_merged') }}
    where is_accepted

),

delivered_rows as (

    select * from {{ ref('int_link_rows__unioned') }}
    where evidence_role != 'unconfirmed'

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

-- title and anchor of another row, where the quoted one has neither; read apart, for few links need it
texts as (

    select
        links.client_id,
        links.refreshed_on,
        links.page_key,
        links.target_key,
        delivered_rows.title,
        delivered_rows.anchor,
        delivered_rows.left_context,
        delivered_rows.right_context
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.text_file_number
        and delivered_rows.row_number = links.text_row_number

),

quoted as (

    select
        links.client_id,
        links.refreshed_on,
        links.page_key,
        links.target_key,
        links.file_number,
        links.site,
        links.is_own_site,
        links.referring_domain,
        links.provider_bits,
        links.rule_bits,
        links.is_follow,
        links.is_live,
        links.is_stale,
        links.first_seen_on,
        links.last_seen_on,
        delivered_rows.file_id,
        delivered_rows.row_number,
        delivered_rows.source_url,
        delivered_rows.target_url,
        coalesce(delivered_rows.title, texts.title) as title,
        coalesce(delivered_rows.anchor, texts.anchor) as anchor,
        coalesce(delivered_rows.left_context, texts.left_context) as left_context,
        coalesce(delivered_rows.right_context, texts.right_context) as right_context,
        {{ rule_text('delivered_rows.page_type') }} as page_type,
        {{ rule_text('delivered_rows.platform') }} as platform,
        delivered_rows.page_part,
        -- where no provider says so: running text on both sides
        coalesce(
            links.is_in_content,
            regexp_matches(delivered_rows.left_context, '\pL\pL[,;:]? *$')
            and regexp_matches(delivered_rows.right_context, '^ *[,;.]? *\p{Ll}\p{Ll}')
        ) as is_in_content,
        coalesce(links.rel_bits & 1, 0) != 0 as is_nofollow,
        coalesce(links.rel_bits & 2, 0) != 0 as is_ugc,
        coalesce(links.rel_bits & 4, 0) != 0 as is_sponsored,
        coalesce(links.is_sitewide, false) as is_sitewide,
        {{ url_after_scheme(url_without_fragment('delivered_rows.source_url')) }} as source_rest,
        {{ url_after_scheme(url_without_fragment('delivered_rows.target_url')) }} as target_rest
    from delivered_rows
    inner join links
        on delivered_rows.client_id = links.client_id
        and delivered_rows.refreshed_on = links.refreshed_on
        and delivered_rows.file_number = links.file_number
        and delivered_rows.row_number = links.row_number
    left join texts
        on links.client_id = texts.client_id
        and links.refreshed_on = texts.refreshed_on
        and links.page_key = texts.page_key
        and links.target_key = texts.target_key

),

split as (

    select
        *,
        {{ url_host(url_authority('source_rest')) }} as referring_host_written,
        {{ rule_text(readable_url("substr(source_rest, length(" ~ url_authority('source_rest') ~ ") + 1)")) }}
        || case when contains(source_url, '#') then '#' || lower(split_part(source_url, '#', 2)) else '' end
            as seen_url,
        {{ rule_text(readable_url("substr(target_rest, length(" ~ url_authority('target_rest') ~ ") + 1)")) }}
            as seen_target,
        {{ rule_text('title') }} as seen_title,
        {{ rule_text('anchor') }} as seen_anchor,
        case
            when left_context is not null or right_context is not null
                then {{ rule_text("concat_ws(' ', left_context, anchor, right_context)") }}
        end as seen_context,
        concat_ws(
            ' ',
            case when is_sponsored then 'sponsored' end,
            case when is_ugc then 'ugc' end,
            case when is_sitewide then 'sitewide' end,
            case when is_in_content then 'content' end
        ) as seen_rel
    from quoted

),

readable as (

    select
        *,
        concat_ws(
            ' ¦ ',
            {{ headline_of('seen_title') }},
            trim({{ words_of_path("regexp_extract(seen_url, '([^/?#]*)/?([?#].*)?$', 1)") }})
        ) as seen_headline
    from split

)

select
    readable.client_id,
    readable.refreshed_on,
    readable.page_key,
    readable.target_key,
    readable.file_number,
    readable.row_number,
    readable.file_id,
    readable.site,
    readable.is_own_site,
    readable.referring_domain,
    coalesce(unicode_hosts.punycode_host, readable.referring_host_written) as referring_host,
    readable.source_url,
    readable.target_url,
    readable.title,
    readable.anchor,
    readable.left_context,
    readable.right_context,
    readable.provider_bits,
    readable.rule_bits,
    readable.is_live,
    readable.is_follow,
    readable.is_nofollow,
    readable.is_ugc,
    readable.is_sponsored,
    readable.is_sitewide,
    readable.is_stale,
    readable.first_seen_on,
    readable.last_seen_on,
    {{ segment_cues('title', 'readable.seen_title') }} as title_cues,
    {{ segment_cues('headline', 'readable.seen_headline') }} as headline_cues,
    {{ segment_cues('url', 'readable.seen_url') }} as url_cues,
    {{ segment_cues('host', 'readable.referring_host_written') }} as host_cues,
    {{ segment_cues('target', 'readable.seen_target') }} as target_cues,
    {{ segment_cues('anchor', 'readable.seen_anchor') }} as anchor_cues,
    {{ segment_cues('context', 'readable.seen_context') }} as context_cues,
    {{ segment_cues('page_type', 'readable.page_type') }} as page_type_cues,
    {{ segment_cues('platform', 'readable.platform') }} as platform_cues,
    {{ segment_cues('rel', 'readable.seen_rel') }} as rel_cues,
    {{ placement_told({
        'page_part': 'readable.page_part',
        'url': 'readable.seen_url',
        'anchor': 'readable.seen_anchor',
        'context': 'readable.seen_context',
    }) }} as placement_told,
    readable.is_in_content
from readable
left join unicode_hosts
    on readable.referring_host_written = unicode_hosts.host
