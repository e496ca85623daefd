with judged_rows as (

    select * from {{ ref('int_link_rows_judged') }}
    where site is not null and is_linked

),

untargeted_rows as (

    select * from judged_rows
    where is_untargeted

),

-- the links of a page to a site that a row without a target confirms
known_links as (

    select distinct
        client_id,
        refreshed_on,
        page_key,
        site,
        is_own_site,
        target_key
    from judged_rows
    where
        not is_untargeted
        and is_accepted
        and evidence_role != 'unconfirmed'
        and page_key in (select page_key from untargeted_rows)

),

targeted_rows as (

    select * from judged_rows
    where not is_untargeted

    union all by name

    select
        untargeted_rows.* replace (
            coalesce(known_links.target_key, untargeted_rows.target_key) as target_key,
            coalesce(known_links.site, untargeted_rows.site) as site,
            coalesce(known_links.is_own_site, untargeted_rows.is_own_site) as is_own_site
        )
    from untargeted_rows
    left join known_links
        on untargeted_rows.client_id = known_links.client_id
        and untargeted_rows.refreshed_on = known_links.refreshed_on
        and untargeted_rows.page_key = known_links.page_key
        and (
            untargeted_rows.site = known_links.site
            -- a check speaks of the client as a whole; of a page that is gone, of everything it linked to
            or (untargeted_rows.is_check and known_links.is_own_site)
            or untargeted_rows.is_page_gone
        )
    -- that a page has no link to the client is no link
    where not (untargeted_rows.is_check and untargeted_rows.live_key % 2 = 0 and known_links.target_key is null)

),

link_rows as (

    select
        *,
        cast(1 as integer) << provider_rank as provider_bit,
        {{ is_live('live_key') }} as is_live,
        is_accepted and evidence_role != 'unconfirmed' as is_witness
    from targeted_rows

),

merged as (

    select
        client_id,
        refreshed_on,
        page_key,
        target_key,
        any_value(site) as site,
        any_value(is_own_site) as is_own_site,
        any_value(referring_domain) as referring_domain,
        -- a row that names the target is quoted before one that does not
        coalesce(
            min(quote_key) filter (is_witness and not is_untargeted),
            min(quote_key) filter (is_witness)
        ) as quote_key,
        -- what a row does not say is taken from the next one, in the order of quotation
        coalesce(
            min(quote_key) filter (is_witness and has_text and not is_untargeted),
            min(quote_key) filter (is_witness and has_text)
        ) as text_key,
        arg_min(rel_bits, quote_key) filter (is_witness and rel_bits is not null) as rel_bits,
        arg_min(is_in_content, quote_key) filter (is_witness and is_in_content is not null) as is_in_content,
        arg_min(is_sitewide, quote_key) filter (is_witness and is_sitewide is not null) as is_sitewide,
        max(live_key) filter (is_witness) as live_key,
        max(live_key) filter (is_accepted and evidence_role = 'current') as current_live_key,
        max(live_key) filter (is_accepted and evidence_role = 'unconfirmed') as earlier_live_key,
        max(live_key) filter (evidence_role != 'unconfirmed') as any_live_key,
        max(live_key) filter (evidence_role = 'current') as any_current_live_key,
        -- providers as bits of their rank, looked up once per distinct set
        bit_or(provider_bit) filter (is_witness) as provider_bits,
        bit_or(provider_bit) filter (is_witness and is_live) as live_provider_bits,
        bit_or(provider_bit) filter (evidence_role = 'current') as current_provider_bits,
        bit_or(provider_bit) filter (evidence_role = 'current' and is_live) as shown_provider_bits,
        bit_or(provider_bit) filter (is_accepted and evidence_role = 'unconfirmed' and is_live)
            as earlier_provider_bits,
        bit_or(rule_bits) filter (is_accepted) as rule_bits,
        bool_and(evidence_role = 'carried') filter (is_witness) as is_stale,
        min(first_seen_on) filter (is_witness) as first_seen_on,
        max(last_seen_on) filter (is_witness) as last_seen_on,
        bool_or(is_no_link) as is_no_link
    from link_rows
    group by client_id, refreshed_on, page_key, target_key

)

select
    client_id,
    refreshed_on,
    page_key,
    target_key,
    site,
    is_own_site,
    referring_domain,
    {{ quoted_file_number('quote_key') }} as file_number,
    {{ quoted_row_number('quote_key') }} as row_number,
    -- the row whose title and anchor are shown, where the quoted one has neither
    case when text_key != quote_key then {{ quoted_file_number('text_key') }} end as text_file_number,
    case when text_key != quote_key then {{ quoted_row_number('text_key') }} end as text_row_number,
    rel_bits,
    {{ is_follow('rel_bits') }} as is_follow,
    is_in_content,
    is_sitewide,
    provider_bits,
    -- providers that call the link live themselves
    coalesce(live_provider_bits, 0) as live_provider_bits,
    rule_bits,
    quote_key is not null as is_accepted,
    -- false where all that is known of the link is an earlier export, asked because today's is truncated
    any_live_key is not null as is_delivered,
    coalesce({{ is_live('live_key') }}, false) as is_live,
    coalesce({{ is_live('current_live_key') }}, false) as is_live_without_carried,
    -- live before, accepted, and neither shown nor called lost by the same provider's truncated export of today
    coalesce({{ is_live('earlier_live_key') }}, false)
    and coalesce(earlier_provider_bits, 0) & ~coalesce(current_provider_bits, 0) != 0 as is_unconfirmed,
    coalesce({{ is_live('any_live_key') }}, false) as is_live_with_rejected,
    coalesce({{ is_live('any_current_live_key') }}, false) as is_live_with_rejected_without_carried,
    coalesce(is_stale, false) as is_stale,
    first_seen_on,
    last_seen_on,
    coalesce(shown_provider_bits, 0) as shown_provider_bits,
    case when not {{ is_live('live_key') }} then {{ day_of('live_key') }} end as lost_on,
    coalesce(is_no_link, false) as is_no_link
from merged
