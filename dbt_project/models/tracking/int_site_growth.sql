with parties as (

    select * from {{ ref('int_parties') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

domains as (

    select
        *,
        {{ authority_band('authority') }} as authority_band
    from {{ ref('int_site_domains') }}

)

select
    parties.client_id,
    parties.refreshed_on,
    parties.party,
    parties.is_own_site,
    parties.refreshed_before_on,
    domains.authority_band,
    count(*) filter (domains.is_in_matrix) as referring_domains,
    count(*) filter (domains.is_linked and not domains.is_in_matrix) as unconfirmed_domains,
    -- null where there is no refresh to compare with
    case
        when parties.refreshed_before_on is not null then count(*) filter (domains.is_linked and not domains.was_linked)
    end as gained,
    case
        when parties.refreshed_before_on is not null
            then count(*) filter (domains.is_linked and not domains.was_linked and domains.is_unseen_before)
    end as gained_by_coverage,
    case
        when parties.refreshed_before_on is not null then count(*) filter (domains.was_linked and not domains.is_linked)
    end as lost
from parties
inner join refreshes
    on parties.client_id = refreshes.client_id
    and parties.refreshed_on = refreshes.refreshed_on
left join domains
    on parties.client_id = domains.client_id
    and parties.refreshed_on = domains.refreshed_on
    and parties.party = domains.party
group by
    parties.client_id, parties.refreshed_on, parties.party, parties.is_own_site, parties.refreshed_before_on,
    domains.authority_band
