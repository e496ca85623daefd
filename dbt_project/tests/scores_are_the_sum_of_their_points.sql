-- A failure means: a score cannot be followed from its points and its risk.
select
    client_id,
    refreshed_on,
    referring_domain,
    score
from {{ ref('opportunities') }}
where
    -- half a unit of the last place, and what adding floating-point numbers in another order may change
    abs(
        score - ({{ sum_of_points() }}) * (1 - risk)
    ) > 0.05 + 1e-9
