with refreshes as (

    select * from {{ source('ledger', 'refreshes') }}

),

parties as (

    select * from {{ ref('int_parties') }}

),

members as (

    select
        client_id,
        refreshed_on,
        party,
        unnest(sites) as site
    from parties

),

observations as (

    select observations.*
    from {{ ref('int_site_observations') }} as observations
    where observations.client_id in (select client_id from refreshes)

),

observed as (

    select
        observations.client_id,
        observations.refreshed_on,
        members.party,
        observations.referring_domain,
        bool_or(observations.is_linked) as is_in_matrix,
        bool_or(observations.is_linked_for_sure) as is_linked_for_sure,
        bool_or(observations.is_linked_perhaps) as is_linked_perhaps,
        bool_and(observations.is_unseen_before) as is_unseen_before,
        any_value(observations.authority) as authority
    from observations
    inner join members
        on observations.client_id = members.client_id
        and observations.refreshed_on = members.refreshed_on
        and observations.site = members.site
    group by all

),

domains as (

    select distinct
        client_id,
        party,
        referring_domain
    from observed

),

followed as (

    select
        parties.client_id,
        parties.refreshed_on,
        parties.party,
        domains.referring_domain,
        parties.spell_began_on,
        coalesce(observed.is_in_matrix, false) as is_in_matrix,
        -- what both readings of doubtful evidence agree on holds until they agree on something else
        coalesce(
            last_value(
                case
                    when
                        coalesce(observed.is_linked_for_sure, false) = coalesce(observed.is_linked_perhaps, false)
                        then coalesce(observed.is_linked_for_sure, false)
                end ignore nulls
            ) over spell_of_domain,
            first_value(coalesce(observed.is_in_matrix, false)) over spell_of_domain
        ) as is_linked,
        coalesce(observed.is_unseen_before, false) as is_unseen_before,
        last_value(observed.authority ignore nulls) over spell_of_domain as authority
    from parties
    inner join domains
        on parties.client_id = domains.client_id
        and parties.party = domains.party
    left join observed
        on domains.client_id = observed.client_id
        and domains.party = observed.party
        and domains.referring_domain = observed.referring_domain
        and parties.refreshed_on = observed.refreshed_on
    window spell_of_domain as (
        partition by parties.client_id, parties.party, parties.spell_began_on, domains.referring_domain
        order by parties.refreshed_on
        rows between unbounded preceding and current row
    )

),

compared as (

    select
        *,
        lag(is_linked) over (
            partition by client_id, party, spell_began_on, referring_domain
            order by refreshed_on
        ) as was_linked
    from followed

)

select
    compared.client_id,
    compared.refreshed_on,
    compared.party,
    compared.referring_domain,
    compared.is_in_matrix,
    compared.is_linked,
    compared.was_linked,
    compared.is_unseen_before,
    compared.authority
from compared
inner join refreshes
    on compared.client_id = refreshes.client_id
    and compared.refreshed_on = refreshes.refreshed_on
where refreshes.is_in_run and (compared.is_in_matrix or compared.is_linked or compared.was_linked)
