with link_rows as (

    select * from {{ ref('int_link_rows') }}
    -- neither an export of the refresh before nor a row whose cells have shifted bears witness today
    where evidence_role != 'unconfirmed' and rule_bits % 2 = 0

),

domain_rows as (

    select * from {{ ref('int_domain_rows') }}

),

-- a domain that only names the brand is judged like one that links
mention_rows as (

    select distinct
        client_id,
        refreshed_on,
        source_host
    from {{ ref('int_mention_rows') }}

),

link_verdicts as (

    select * from {{ ref('int_link_verdicts') }}
    where
        {{ rules_that_hold('rule_bits') }}
        & {{ rules_with(outcome='reject', scope='link', is_trait_of_domain=true) }} != 0

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

quality_settings as (

    select * from {{ ref('int_quality_settings') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

foreign_domains as (

    select * from {{ ref('int_foreign_domains') }}

),

spam_domains as (

    select * from {{ ref('spam_domains') }}

),

ubiquitous_domains as (

    select * from {{ source('ledger', 'ubiquitous_domains') }}

),

judged_domains as (

    select * from {{ source('ledger', 'judged_domains') }}

),

decisions as (

    select
        client_id,
        refreshed_on,
        decided_domain,
        decision,
        decision_evidence
    from {{ ref('int_decisions') }}
    where decided_domain is not null and decision is not null

),

disavowed as (

    select
        client_id,
        refreshed_on,
        disavowed_domain
    from {{ ref('int_disavowed') }}
    where disavowed_domain is not null

),

-- rules of scope domain that one row raised take every row of the domain
raised_by_links as (

    select
        client_id,
        refreshed_on,
        source_host,
        bit_or(rule_bits & {{ rules_with(scope='domain') }}) as rule_bits,
        count(*) as row_count
    from link_rows
    group by all

),

spam_rows as (

    select
        link_rows.client_id,
        link_rows.refreshed_on,
        link_rows.source_host,
        count(*) as row_count
    from link_rows
    inner join link_verdicts
        on link_rows.client_id = link_verdicts.client_id
        and link_rows.refreshed_on = link_verdicts.refreshed_on
        and link_rows.page_key = link_verdicts.page_key
        and link_rows.target_key = link_verdicts.target_key
    group by all

),

raised_by_domain_rows as (

    select
        client_id,
        refreshed_on,
        host as source_host,
        bool_or(is_provider_spam) as is_provider_spam,
        max(spam_score) as spam_score
    from domain_rows
    where evidence_role != 'unconfirmed' and unreadable is null
    group by all

),

raised as (

    select
        raised_by_any.client_id,
        raised_by_any.refreshed_on,
        hosts.referring_domain,
        any_value(hosts.parent_domain) as parent_domain,
        bit_or(raised_by_any.rule_bits) as rule_bits,
        coalesce(bool_or(raised_by_any.is_provider_spam), false) as is_provider_spam,
        max(raised_by_any.spam_score) as spam_score,
        sum(raised_by_any.row_count) as row_count,
        sum(raised_by_any.spam_row_count) as spam_row_count
    from (
        select
            *,
            cast(0 as bigint) as spam_row_count,
            false as is_provider_spam,
            cast(null as double) as spam_score
        from raised_by_links

        union all by name

        select
            client_id,
            refreshed_on,
            source_host,
            cast(0 as bigint) as rule_bits,
            cast(0 as bigint) as row_count,
            row_count as spam_row_count
        from spam_rows

        union all by name

        select
            *,
            cast(0 as bigint) as rule_bits,
            cast(0 as bigint) as row_count,
            cast(0 as bigint) as spam_row_count
        from raised_by_domain_rows

        union all by name

        select
            *,
            cast(0 as bigint) as rule_bits,
            cast(0 as bigint) as row_count,
            cast(0 as bigint) as spam_row_count,
            false as is_provider_spam,
            cast(null as double) as spam_score
        from mention_rows
    ) as raised_by_any
    inner join hosts
        on raised_by_any.source_host = hosts.host
    group by all

),

-- one name bought under many top-level domains
names as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        split_part(referring_domain, '.', 1) as name,
        count(*) over (partition by client_id, refreshed_on, split_part(referring_domain, '.', 1)) as top_level_domains
    from raised
    where referring_domain = parent_domain

),

listed as (

    select
        raised.client_id,
        raised.refreshed_on,
        raised.referring_domain,
        bool_or(judged_domains.verdict = 'blocked') as is_blocked,
        bool_or(judged_domains.verdict = 'allowed') as is_allowed
    from raised
    inner join judged_domains
        on raised.client_id = judged_domains.client_id
        and raised.refreshed_on = judged_domains.refreshed_on
        and (
            raised.referring_domain = judged_domains.domain
            or ends_with(raised.referring_domain, '.' || judged_domains.domain)
        )
    group by all

),

decided as (

    select
        raised.client_id,
        raised.refreshed_on,
        raised.referring_domain,
        -- the nearest name decides: a host of a platform before the platform
        arg_max(decisions.decision, length(decisions.decided_domain)) as decision,
        arg_max(decisions.decision_evidence, length(decisions.decided_domain)) as decision_evidence
    from raised
    inner join decisions
        on raised.client_id = decisions.client_id
        and raised.refreshed_on = decisions.refreshed_on
        and (
            raised.referring_domain = decisions.decided_domain
            or ends_with(raised.referring_domain, '.' || decisions.decided_domain)
        )
    group by all

),

known as (

    select
        raised.*,
        quality_settings.* exclude (client_id, refreshed_on),
        domain_metrics.authority,
        domain_metrics.authority_metric,
        domain_metrics.traffic,
        domain_metrics.ahrefs_dr,
        domain_metrics.majestic_tf,
        domain_metrics.moz_da,
        names.name,
        names.top_level_domains,
        spam_domains.why as listed_as,
        ubiquitous_domains.sites as ubiquitous_sites,
        ubiquitous_domains.clients as ubiquitous_clients,
        foreign_domains.foreign_evidence,
        coalesce(listed.is_blocked, false) as is_blocked,
        coalesce(listed.is_allowed, false) as is_allowed,
        decided.decision,
        decided.decision_evidence,
        disavowed.disavowed_domain is not null as is_disavowed
    from raised
    inner join quality_settings
        on raised.client_id = quality_settings.client_id
        and raised.refreshed_on = quality_settings.refreshed_on
    left join domain_metrics
        on raised.client_id = domain_metrics.client_id
        and raised.refreshed_on = domain_metrics.refreshed_on
        and raised.referring_domain = domain_metrics.referring_domain
    left join names
        on raised.client_id = names.client_id
        and raised.refreshed_on = names.refreshed_on
        and raised.referring_domain = names.referring_domain
    left join spam_domains
        on raised.referring_domain = spam_domains.domain
    left join ubiquitous_domains
        on raised.client_id = ubiquitous_domains.client_id
        and raised.refreshed_on = ubiquitous_domains.refreshed_on
        and raised.referring_domain = ubiquitous_domains.domain
    left join foreign_domains
        on raised.client_id = foreign_domains.client_id
        and raised.refreshed_on = foreign_domains.refreshed_on
        and raised.referring_domain = foreign_domains.referring_domain
    left join listed
        on raised.client_id = listed.client_id
        and raised.refreshed_on = listed.refreshed_on
        and raised.referring_domain = listed.referring_domain
    left join decided
        on raised.client_id = decided.client_id
        and raised.refreshed_on = decided.refreshed_on
        and raised.referring_domain = decided.referring_domain
    left join disavowed
        on raised.client_id = disavowed.client_id
        and raised.refreshed_on = disavowed.refreshed_on
        and raised.referring_domain = disavowed.disavowed_domain

),

ruled as (

    select
        *,
        is_provider_spam as hit_provider_spam,
        spam_score >= threshold_spam_score as hit_spam_score,
        spam_score >= threshold_spam_score_medium and spam_score < threshold_spam_score as hit_spam_score_medium,
        listed_as is not null as hit_listed_spam,
        ubiquitous_sites >= threshold_ubiquitous and authority < {{ var('platform_authority') }} as hit_ubiquitous,
        top_level_domains >= threshold_many_tlds and authority < {{ var('network_authority') }} as hit_many_tlds,
        authority >= threshold_authority_without_traffic
        and traffic <= {{ var('no_traffic') }}
        and not contains(authority_metric, 'page') as hit_authority_without_traffic,
        ahrefs_dr >= threshold_metric_disagreement
        and (
            majestic_tf <= {{ var('worthless_trust_flow') }}
            or moz_da <= {{ var('worthless_domain_authority') }}
        ) as hit_metric_disagreement,
        row_count >= {{ var('mostly_spam_rows') }}
        and 100 * spam_row_count >= row_count * threshold_mostly_spam as hit_mostly_spam,
        foreign_evidence is not null as hit_foreign_market,
        decision = 'reject' as hit_rejected_domain_by_people,
        decision = 'accept' as hit_accepted_domain_by_people,
        is_allowed as hit_allowed_domain,
        is_blocked and not is_allowed as hit_blocked_domain,
        is_disavowed as hit_disavowed
    from known

),

suspected as (

    select
        *,
        (
            rule_bits
            | {{ pattern_bits('domain', 'referring_domain') }}
            | {{ packed_hits([
                'provider_spam', 'spam_score', 'spam_score_medium', 'listed_spam', 'ubiquitous', 'many_tlds',
                'authority_without_traffic', 'metric_disagreement', 'mostly_spam', 'foreign_market',
            ]) }}
        )
        & ~niche_rule_bits as suspicions
    from ruled

),

counted as (

    select
        *,
        bit_count(suspicions & {{ rules_with(outcome='review', scope='domain', families=['spam']) }})
        >= threshold_two_suspicions as hit_two_suspicions
    from suspected

),

judged as (

    select
        *,
        suspicions
        | {{ packed_hits([
            'two_suspicions', 'allowed_domain', 'blocked_domain', 'disavowed', 'rejected_domain_by_people',
            'accepted_domain_by_people',
        ]) }} as all_rule_bits
    from counted

)

select
    client_id,
    refreshed_on,
    referring_domain,
    all_rule_bits as rule_bits,
    concat_ws(
        '; ',
        decision_evidence,
        {{ evidence(
            'ubiquitous', "'links to ' || ubiquitous_sites || ' sites in ' || ubiquitous_clients || ' clients'"
        ) }},
        {{ evidence('listed_spam', 'listed_as') }},
        {{ evidence('spam_score', "'spam score ' || round(spam_score)") }},
        {{ evidence('many_tlds', "name || ' under ' || top_level_domains || ' top-level domains'") }},
        {{ evidence(
            'authority_without_traffic', "'authority ' || authority || ', ' || traffic || ' visits a month'"
        ) }},
        {{ evidence(
            'metric_disagreement',
            "concat_ws(', ', 'Domain Rating ' || round(ahrefs_dr, 1), 'Trust Flow ' || majestic_tf,"
                ~ " 'Domain Authority ' || moz_da)"
        ) }},
        {{ evidence('mostly_spam', "spam_row_count || ' of ' || row_count || ' rows of the domain are spam'") }},
        {{ evidence('foreign_market', 'foreign_evidence') }}
    ) as domain_evidence
from judged
where all_rule_bits != 0
