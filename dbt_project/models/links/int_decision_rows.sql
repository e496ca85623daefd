with exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}
    where evidence_role != 'unconfirmed'

),

delivered_decisions as (

    select * from {{ ref('stg_overrides__decisions') }}
    where unreadable is null

),

known_hosts as (

    select
        host,
        referring_domain
    from {{ ref('int_hosts') }}

),

unicode_hosts as (

    select * from {{ source('reference', 'unicode_hosts') }}

),

in_effect as (

    select
        exports_in_effect.client_id,
        exports_in_effect.refreshed_on,
        delivered_decisions.*,
        {{ url_after_scheme(url_without_fragment('delivered_decisions.source_url')) }} as source_rest,
        regexp_replace(
            {{ url_host(url_authority(url_after_scheme(
                url_without_fragment('delivered_decisions.delivered_domain')
            ))) }},
            '^www\.',
            ''
        ) as domain_written
    from delivered_decisions
    inner join exports_in_effect
        on delivered_decisions.file_id = exports_in_effect.file_id

),

split as (

    select
        *,
        {{ url_authority('source_rest') }} as source_authority
    from in_effect

),

hosts as (

    select
        *,
        {{ url_host('source_authority') }} as source_host_written,
        {{ url_tail('source_rest', 'source_authority') }} as source_tail
    from split

),

addressed as (

    select
        hosts.*,
        coalesce(domain_names.punycode_host, hosts.domain_written) as decided_domain,
        coalesce(source_names.punycode_host, hosts.source_host_written) as source_host
    from hosts
    left join unicode_hosts as domain_names
        on hosts.domain_written = domain_names.host
    left join unicode_hosts as source_names
        on hosts.source_host_written = source_names.host

)

select
    addressed.client_id,
    addressed.refreshed_on,
    addressed.file_id,
    addressed.row_number,
    -- a row that names both speaks of the page
    case when source_host is null then nullif(decided_domain, '') end as decided_domain,
    source_url,
    case
        when source_host is not null
            then {{ url_key("source_host || " ~ url_port('source_authority') ~ " || source_tail") }}
    end as page_key,
    decision,
    case when segment in ({{ "'" ~ value_lists()['segment'] | join("', '") ~ "'" }}) then segment end as segment,
    case when tactic in ({{ "'" ~ value_lists()['tactic'] | join("', '") ~ "'" }}) then tactic end as tactic,
    case when relevance between 0 and 1 then relevance end as relevance,
    decided_by,
    decided_on,
    note,
    concat_ws(
        ' ',
        'decided by ' || coalesce(decided_by, 'somebody'),
        'on ' || decided_on,
        case when note is not null then '(' || note || ')' end
    ) as decision_evidence,
    case
        when source_host is null and coalesce(decided_domain, '') = '' then 'names neither a domain nor a page'
        when decision is null and decision_word not in ('segment', 'tactic', 'relevance')
            then 'no decision: ' || decision_word || '; expected accept or reject'
        when source_host is null and known_hosts.referring_domain != decided_domain
            then 'is a host of ' || known_hosts.referring_domain || '; name that domain, or the page'
        when segment not in ({{ "'" ~ value_lists()['segment'] | join("', '") ~ "'" }}) then 'no segment: ' || segment
        when tactic not in ({{ "'" ~ value_lists()['tactic'] | join("', '") ~ "'" }}) then 'no tactic: ' || tactic
        when relevance not between 0 and 1 then 'relevance is not between 0 and 1'
        when coalesce(decision, segment, tactic) is null and relevance is null
            then 'decides nothing; expected accept, reject, or a segment, tactic or relevance'
    end as problem
from addressed
left join known_hosts
    on addressed.decided_domain = known_hosts.host
