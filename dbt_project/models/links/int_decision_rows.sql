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
        {{ url_after_scheme(url_without_fragment('delivered_decisions.source_url')) }} as page_rest,
        {{ url_after_scheme(url_without_fragment('delivered_decisions.delivered_domain')) }} as domain_rest
    from delivered_decisions
    inner join exports_in_effect
        on delivered_decisions.file_id = exports_in_effect.file_id

),

-- a row that names both is about the page
trimmed as (

    select
        *,
        coalesce(page_rest, domain_rest) as subject_rest
    from in_effect

),

{{ url_parts('subject_rest') }},

addressed as (

    select
        *,
        case when page_rest is null then nullif(regexp_replace(host, '^www\.', ''), '') end as decided_domain
    from punycoded

)

select
    addressed.client_id,
    addressed.refreshed_on,
    addressed.file_id,
    addressed.row_number,
    addressed.decided_domain,
    addressed.source_url,
    case when page_rest is not null then {{ url_key("addressed.host || port || tail") }} end as page_key,
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
        when page_rest is null and decided_domain is null then 'names neither a domain nor a page'
        when decision is null and decision_word not in ('segment', 'tactic', 'relevance')
            then 'no decision: ' || decision_word || '; expected accept or reject'
        when known_hosts.referring_domain != decided_domain
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
