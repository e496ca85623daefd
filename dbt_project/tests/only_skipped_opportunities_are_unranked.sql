-- A failure means: an opportunity to be skipped has a rank, or one to be worked on has none.
select *
from {{ ref('opportunities') }}
where
    (tactic = 'skip' and rank is not null)
    or (tactic != 'skip' and rank is null and outreach_status is distinct from 'do_not_contact')
