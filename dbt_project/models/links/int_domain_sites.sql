with domain_rows as (

    select * from {{ ref('int_domain_rows_judged') }}
    where referring_domain is not null
        -- a hosting platform as a whole is nobody's link
        and not is_suffix
        and links > 0
        and not is_lost

)

select
    client_id,
    refreshed_on,
    referring_domain,
    site,
    max(links) filter (is_accepted and evidence_role != 'unconfirmed') as links,
    bit_or(cast(1 as integer) << provider_rank) filter (is_accepted and evidence_role != 'unconfirmed')
        as provider_bits,
    min(first_seen_on) filter (is_accepted and evidence_role != 'unconfirmed') as first_seen_on,
    max(last_seen_on) filter (is_accepted and evidence_role != 'unconfirmed') as last_seen_on,
    bool_or(is_accepted and evidence_role != 'unconfirmed') as is_delivered,
    bool_or(is_accepted and evidence_role = 'current') as is_delivered_now,
    bool_or(is_accepted and evidence_role = 'unconfirmed') as is_delivered_before,
    bool_or(evidence_role != 'unconfirmed') as is_delivered_with_rejected,
    bool_or(evidence_role = 'current') as is_delivered_now_with_rejected
from domain_rows
group by all
