-- A failure means: an estimate or its interval falls short of the domains that were seen.
select *
from {{ ref('coverage_estimates') }}
where
    domains_seen != domains_largest + domains_others - domains_both
    or not (
        domains_seen <= estimated_low
        and estimated_low <= estimated_domains
        and estimated_domains <= estimated_high
    )
