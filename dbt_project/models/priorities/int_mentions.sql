with brand_terms as (

    select
        brand_terms.client_id,
        brand_terms.refreshed_on,
        brand_terms.term,
        -- asked first, because it is cheap
        lower(split_part(brand_terms.term, ' ', 1)) as first_word,
        lower(brand_terms.term) as lower_term,
        {{ is_of_word('left(brand_terms.term, 1)') }} as has_left_side,
        {{ is_of_word('right(brand_terms.term, 1)') }} as has_right_side
    from {{ source('ledger', 'brand_terms') }} as brand_terms
    inner join {{ source('ledger', 'refreshes') }} as refreshes
        on brand_terms.client_id = refreshes.client_id
        and brand_terms.refreshed_on = refreshes.refreshed_on
    where refreshes.is_in_run

),

exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

links as (

    select * from {{ ref('int_links_merged') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

outreach as (

    select * from {{ ref('int_outreach_events') }}
    where is_latest

),

gaps as (

    select * from {{ ref('int_gaps') }}

),

proving as (

    select * from {{ ref('int_proving_providers') }}

),

-- what a provider calls a mention, and links whose texts may hold a name
link_rows as (

    select
        delivered_rows.client_id,
        delivered_rows.refreshed_on,
        delivered_rows.file_number,
        delivered_rows.row_number,
        delivered_rows.file_id,
        delivered_rows.source_url,
        delivered_rows.title,
        delivered_rows.anchor,
        concat_ws(' ', delivered_rows.left_context, delivered_rows.anchor, delivered_rows.right_context) as context,
        delivered_rows.first_seen_on,
        true as is_mention
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    where delivered_rows.evidence_role != 'unconfirmed' and delivered_rows.link_type = 'mention'

    union all

    select
        delivered_rows.client_id,
        delivered_rows.refreshed_on,
        delivered_rows.file_number,
        delivered_rows.row_number,
        delivered_rows.file_id,
        delivered_rows.source_url,
        delivered_rows.title,
        delivered_rows.anchor,
        concat_ws(' ', delivered_rows.left_context, delivered_rows.anchor, delivered_rows.right_context) as context,
        delivered_rows.first_seen_on,
        false as is_mention
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    semi join brand_terms
        on delivered_rows.client_id = brand_terms.client_id
        and delivered_rows.refreshed_on = brand_terms.refreshed_on
        and contains(
            lower({{ text_to_search(
                "concat_ws(' ', delivered_rows.title, delivered_rows.left_context, delivered_rows.anchor,"
                ~ " delivered_rows.right_context)"
            ) }}),
            brand_terms.first_word
        )
    where delivered_rows.evidence_role != 'unconfirmed' and delivered_rows.link_type is distinct from 'mention'

),

live_pages as (

    select distinct
        client_id,
        refreshed_on,
        page_key,
        site
    from links
    where is_live and not is_own_site

),

linking_pages as (

    select distinct
        client_id,
        refreshed_on,
        page_key
    from links
    where is_live and is_own_site

),

-- a link to the client that rules set aside, other than one that is none
pages_with_rejected_links as (

    select distinct
        client_id,
        refreshed_on,
        page_key
    from links
    where is_live_with_rejected and not is_live and is_own_site and not is_no_link

),

checks as (

    select
        client_id,
        refreshed_on,
        page_key,
        max(live_key) % 2 = 0 as is_absent
    from {{ ref('int_link_rows_judged') }}
    where is_check and is_linked and is_accepted and evidence_role != 'unconfirmed'
    group by all

),

from_link_rows as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        judged.page_key,
        judged.referring_domain,
        link_rows.file_number,
        link_rows.row_number,
        link_rows.file_id,
        judged.provider_rank,
        link_rows.source_url,
        link_rows.title,
        link_rows.anchor,
        cast(null as varchar) as snippet,
        link_rows.context,
        case when not judged.is_own_site then judged.site end as competitor_site,
        link_rows.is_mention as is_told,
        cast(null as boolean) as has_link,
        judged.rule_bits & {{ rule_bit('panel_site') }} != 0 as is_on_panel_site,
        judged.rule_bits & {{ rules_with(outcome='reject') }} & ~{{ rule_bit('no_link') }} != 0 as is_rejected,
        link_rows.first_seen_on
    from link_rows
    inner join {{ ref('int_link_rows_judged') }} as judged
        on link_rows.client_id = judged.client_id
        and link_rows.refreshed_on = judged.refreshed_on
        and link_rows.file_number = judged.file_number
        and link_rows.row_number = judged.row_number
    left join live_pages
        on judged.client_id = live_pages.client_id
        and judged.refreshed_on = live_pages.refreshed_on
        and judged.page_key = live_pages.page_key
        and judged.site = live_pages.site
    where
        judged.referring_domain is not null
        and {{ is_live('judged.live_key') }}
        and (
            (link_rows.is_mention and judged.is_own_site)
            or (not link_rows.is_mention and judged.is_accepted and live_pages.page_key is not null)
        )

),

from_mention_rows as (

    select
        client_id,
        refreshed_on,
        page_key,
        referring_domain,
        file_number,
        row_number,
        file_id,
        provider_rank,
        source_url,
        title,
        cast(null as varchar) as anchor,
        snippet,
        cast(null as varchar) as context,
        cast(null as varchar) as competitor_site,
        true as is_told,
        has_link,
        is_on_panel_site,
        is_rejected,
        published_on as first_seen_on
    from {{ ref('int_mention_rows_judged') }}

),

told as (

    select * from from_link_rows
    union all
    select * from from_mention_rows

),

{% set fields = ['title', 'anchor', 'snippet', 'context'] %}
readable as (

    select
        {% for field in fields %}
        {{ text_to_search(field) }} as text_of_{{ field }},
        {% endfor %}
        *
    from told

),

-- a row and a name
searched as (

    select
        {% for field in fields %}
        string_split(lower(readable.text_of_{{ field }}), brand_terms.lower_term) as parts_of_{{ field }},
        {% endfor %}
        readable.*,
        brand_terms.term,
        brand_terms.has_left_side,
        brand_terms.has_right_side
    from readable
    left join brand_terms
        on readable.client_id = brand_terms.client_id
        and readable.refreshed_on = brand_terms.refreshed_on

),

found as (

    select
        {% for field in fields %}
        {{ standing_occurrence('parts_of_' ~ field, 'searched') }} as number_in_{{ field }},
        {% endfor %}
        *
    from searched

),

-- where it stands first, the title before the text
matched as (

    select
        *,
        case
            {% for field in fields %}
            when number_in_{{ field }} is not null then '{{ field }}'
            {% endfor %}
            when is_told then 'provider'
        end as matched_in,
        case
            {% for field in fields %}
            when number_in_{{ field }} is not null then {{ loop.index }}
            {% endfor %}
            else {{ fields | length + 1 }}
        end as matched_rank,
        case
            {% for field in fields %}
            when number_in_{{ field }} is not null
                then substr(
                    text_of_{{ field }},
                    {{ place_of_occurrence('parts_of_' ~ field, 'number_in_' ~ field, 'term') }},
                    length(term)
                )
            {% endfor %}
        end as matched_term,
        case
            {% for field in fields %}
            when number_in_{{ field }} is not null
                then trim(substr(
                    text_of_{{ field }},
                    greatest(
                        1, {{ place_of_occurrence('parts_of_' ~ field, 'number_in_' ~ field, 'term') }} - 80
                    ),
                    length(term) + 160
                ))
            {% endfor %}
            else coalesce(snippet, nullif(context, ''))
        end as words
    from found

),

pages as (

    select
        client_id,
        refreshed_on,
        page_key,
        any_value(referring_domain) as referring_domain,
        arg_min(
            struct_pack(
                source_url := source_url,
                title := title,
                matched_term := matched_term,
                matched_in := matched_in,
                snippet := words,
                file_id := file_id,
                row_number := row_number
            ),
            (matched_rank, provider_rank, file_number, row_number, -length(term), term)
        ) as shown,
        max(title) as any_title,
        list_sort(list_distinct(list(competitor_site) filter (competitor_site is not null))) as competitor_sites,
        coalesce(bit_or(cast(1 as integer) << provider_rank) filter (has_link is null), 0) as provider_bits,
        list_sort(list_distinct(list(provider_rank))) as provider_ranks,
        bool_or(has_link) as has_link,
        bool_or(not has_link) as is_said_to_have_none,
        bool_or(is_on_panel_site) as is_on_panel_site,
        bool_and(is_rejected) as is_rejected,
        min(first_seen_on) as first_seen_on
    from matched
    where matched_in is not null
    group by client_id, refreshed_on, page_key

),

providers as (

    select distinct
        provider,
        provider_rank
    from exports_in_effect

)

select
    pages.client_id,
    pages.refreshed_on,
    pages.page_key,
    pages.shown.source_url as source_url,
    pages.referring_domain,
    coalesce(pages.shown.title, pages.any_title) as title,
    pages.shown.matched_term as matched_term,
    pages.shown.matched_in as matched_in,
    pages.shown.snippet as snippet,
    case
        when pages.referring_domain is null then 'unreadable'
        when pages.is_on_panel_site then 'panel_site'
        when linking_pages.page_key is not null or pages.has_link then 'linked'
        when pages.is_rejected then 'rejected'
        else 'unlinked'
    end as mention_outcome,
    case
        when pages_with_rejected_links.page_key is not null then 'rejected_link'
        -- somebody, or a tool, looked at the page itself
        when checks.is_absent or pages.is_said_to_have_none then 'proven'
        when
            (pages.provider_bits | coalesce(gaps.competitor_provider_bits, 0)) & coalesce(proving.provider_bits, 0) != 0
            then 'proven'
        else 'unproven'
    end as absence,
    outreach.outreach_status,
    coalesce(pages.competitor_sites, cast([] as varchar[])) as competitor_sites,
    list_transform(
        pages.provider_ranks,
        lambda provider_rank: all_providers.names[provider_rank]
    ) as providers,
    pages.shown.file_id as file_id,
    pages.shown.row_number as row_number,
    domain_metrics.authority,
    coalesce(gaps.client_links > 0, false) as is_domain_linking,
    pages.first_seen_on
from pages
cross join (select map(list(provider_rank), list(provider)) as names from providers) as all_providers
left join linking_pages
    on pages.client_id = linking_pages.client_id
    and pages.refreshed_on = linking_pages.refreshed_on
    and pages.page_key = linking_pages.page_key
left join pages_with_rejected_links
    on pages.client_id = pages_with_rejected_links.client_id
    and pages.refreshed_on = pages_with_rejected_links.refreshed_on
    and pages.page_key = pages_with_rejected_links.page_key
left join checks
    on pages.client_id = checks.client_id
    and pages.refreshed_on = checks.refreshed_on
    and pages.page_key = checks.page_key
left join gaps
    on pages.client_id = gaps.client_id
    and pages.refreshed_on = gaps.refreshed_on
    and pages.referring_domain = gaps.referring_domain
left join proving
    on pages.client_id = proving.client_id
    and pages.refreshed_on = proving.refreshed_on
left join domain_metrics
    on pages.client_id = domain_metrics.client_id
    and pages.refreshed_on = domain_metrics.refreshed_on
    and pages.referring_domain = domain_metrics.referring_domain
left join outreach
    on pages.client_id = outreach.client_id
    and pages.refreshed_on = outreach.refreshed_on
    and pages.referring_domain = outreach.referring_domain
