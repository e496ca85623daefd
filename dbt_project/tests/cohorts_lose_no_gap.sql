-- A failure means: gaps of a cohort are in no state, or in two.
select *
from {{ ref('gap_cohorts') }}
where cohort_size != open + closed + lost + expired + set_aside
