with decision_rows as (

    select
        *,
        -- the latest word counts; of one day the last line
        row_number() over (
            partition by client_id, refreshed_on
            order by decided_on nulls first, file_id, row_number
        ) as decision_number
    from {{ ref('int_decision_rows') }}
    where problem is null

)

select
    client_id,
    refreshed_on,
    decided_domain,
    page_key,
    arg_max(decision, decision_number) filter (decision is not null) as decision,
    arg_max(segment, decision_number) filter (segment is not null) as segment,
    arg_max(tactic, decision_number) filter (tactic is not null) as tactic,
    arg_max(relevance, decision_number) filter (relevance is not null) as relevance,
    arg_max(decision_evidence, decision_number) as decision_evidence
from decision_rows
group by client_id, refreshed_on, decided_domain, page_key
