-- A failure means: an opportunity to be skipped, or that nobody may contact, has a rank, or another one has none.
select *
from {{ ref('opportunities') }}
where (rank is null) != (tactic = 'skip' or coalesce(outreach_status, '') = 'do_not_contact')
