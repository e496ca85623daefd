-- A failure means: gaps opened or ended without a transition that says how, so the progress cannot be explained.
select *
from {{ ref('gap_progress') }}
where
    open_at_start + new + reopened + returned + panel_new - closed - expired - set_aside - panel_removed
    is distinct from open_at_end
