-- A failure means: a closed gap does not say when and how it closed, or one that is not closed still does.
select *
from {{ ref('gap_snapshots') }}
where
    (state = 'closed') != (closed_on is not null)
    or (state = 'closed') != (closed_kind is not null)
    or (state = 'closed') != (closed_grade is not null)
