with domain_rows as (

    select
        *,
        cast(1 as integer) << provider_rank as provider_bit,
        -- a row that says 0 is an answer too, but no link
        links > 0 and not is_lost as is_linked
    from {{ ref('int_domain_rows_judged') }}
    where
        referring_domain is not null
        -- a hosting platform as a whole is nobody's link
        and not is_suffix

)

select
    client_id,
    refreshed_on,
    referring_domain,
    site,
    max(links) filter (is_linked and is_accepted and evidence_role != 'unconfirmed') as links,
    bit_or(provider_bit) filter (is_linked and is_accepted and evidence_role != 'unconfirmed') as provider_bits,
    min(first_seen_on) filter (is_linked and is_accepted and evidence_role != 'unconfirmed') as first_seen_on,
    max(last_seen_on) filter (is_linked and is_accepted and evidence_role != 'unconfirmed') as last_seen_on,
    bool_or(is_linked and is_accepted and evidence_role != 'unconfirmed') as is_delivered,
    bool_or(is_linked and is_accepted and evidence_role = 'current') as is_delivered_now,
    -- listed before, and today's truncated list of the same provider says nothing of the domain
    coalesce(bit_or(provider_bit) filter (is_linked and is_accepted and evidence_role = 'unconfirmed'), 0)
    & ~coalesce(bit_or(provider_bit) filter (evidence_role = 'current'), 0) != 0 as is_delivered_before,
    bool_or(is_linked and evidence_role != 'unconfirmed') as is_delivered_with_rejected,
    bool_or(is_linked and evidence_role = 'current') as is_delivered_now_with_rejected,
    coalesce(bit_or(provider_bit) filter (is_linked and evidence_role = 'current'), 0) as shown_provider_bits
from domain_rows
group by all
having bool_or(is_linked)
