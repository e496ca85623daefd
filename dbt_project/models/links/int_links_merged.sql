with link_rows as (

    select
        *,
        cast(1 as integer) << provider_rank as provider_bit,
        {{ is_live('live_key') }} as is_live
    from {{ ref('int_link_rows_judged') }}
    where site is not null

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
        min(quote_key) filter (is_accepted and evidence_role != 'unconfirmed') as quote_key,
        max(live_key) filter (is_accepted and evidence_role != 'unconfirmed') as live_key,
        max(live_key) filter (is_accepted and evidence_role = 'current') as current_live_key,
        max(live_key) filter (is_accepted and evidence_role = 'unconfirmed') as earlier_live_key,
        max(live_key) filter (evidence_role != 'unconfirmed') as any_live_key,
        max(live_key) filter (evidence_role = 'current') as any_current_live_key,
        -- providers as bits of their rank, looked up once per distinct set
        bit_or(provider_bit) filter (is_accepted and evidence_role != 'unconfirmed') as provider_bits,
        bit_or(provider_bit) filter (is_accepted and evidence_role != 'unconfirmed' and is_live) as live_provider_bits,
        bit_or(provider_bit) filter (evidence_role = 'current') as current_provider_bits,
        bit_or(provider_bit) filter (is_accepted and evidence_role = 'unconfirmed' and is_live)
            as earlier_provider_bits,
        bit_or(rule_bits) filter (is_accepted) as rule_bits,
        bool_and(evidence_role = 'carried') filter (is_accepted and evidence_role != 'unconfirmed') as is_stale,
        min(first_seen_on) filter (is_accepted and evidence_role != 'unconfirmed') as first_seen_on,
        max(last_seen_on) filter (is_accepted and evidence_role != 'unconfirmed') as last_seen_on
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
    last_seen_on
from merged
