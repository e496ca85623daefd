with decision_rows as (

    select * from {{ ref('int_decision_rows') }}

),

refreshes as (

    select * from {{ source('ledger', 'refreshes') }}
    where is_in_run

),

-- what the rules say of the rows that a decision is about, and how many links that are
link_rows as (

    select
        client_id,
        refreshed_on,
        page_key,
        target_key,
        referring_domain,
        ruled_bits
    from {{ ref('int_link_rows_judged') }}
    where evidence_role != 'unconfirmed'

),

{% set subjects = {
    'by_page': "decision_rows.page_key = link_rows.page_key",
    'by_domain': "(decision_rows.decided_domain = link_rows.referring_domain"
        ~ " or ends_with(link_rows.referring_domain, '.' || decision_rows.decided_domain))",
} %}
{% for subject, is_meant in subjects.items() %}
{{ subject }} as (

    select
        decision_rows.client_id,
        decision_rows.refreshed_on,
        decision_rows.file_id,
        decision_rows.row_number,
        count(distinct hash(link_rows.page_key, link_rows.target_key)) as links,
        -- the middle one: of most rows, if most agree, and the same in every run
        quantile_disc(link_rows.ruled_bits, 0.5) as ruled_bits
    from decision_rows
    inner join link_rows
        on decision_rows.client_id = link_rows.client_id
        and decision_rows.refreshed_on = link_rows.refreshed_on
        and {{ is_meant }}
    group by all

),

{% endfor %}
matched as (

    select * from by_page
    union all
    select * from by_domain

),

rule_sets as (

    select * from {{ ref('int_rule_sets') }}

)

select
    decision_rows.client_id,
    decision_rows.refreshed_on,
    decision_rows.file_id,
    decision_rows.row_number,
    decision_rows.decided_domain,
    decision_rows.source_url,
    decision_rows.decision,
    decision_rows.segment,
    decision_rows.tactic,
    decision_rows.relevance,
    decision_rows.decided_by,
    decision_rows.note,
    decision_rows.problem,
    rule_sets.reject_reasons[1] as rules_reason,
    coalesce(matched.links, 0) as links,
    decision_rows.decided_on
from decision_rows
inner join refreshes
    on decision_rows.client_id = refreshes.client_id
    and decision_rows.refreshed_on = refreshes.refreshed_on
left join matched
    on decision_rows.client_id = matched.client_id
    and decision_rows.refreshed_on = matched.refreshed_on
    and decision_rows.file_id = matched.file_id
    and decision_rows.row_number = matched.row_number
left join rule_sets
    on matched.ruled_bits = rule_sets.rule_bits
