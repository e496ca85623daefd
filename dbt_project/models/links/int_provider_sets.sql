with exports_in_effect as (

    select distinct
        provider,
        provider_rank
    from {{ ref('int_exports_in_effect') }}

),

provider_sets as (

    select distinct provider_bits
    from {{ ref('int_links_merged') }}
    where provider_bits is not null

    union

    select distinct provider_bits
    from {{ ref('int_domain_sites') }}
    where provider_bits is not null

)

select
    provider_sets.provider_bits,
    list(exports_in_effect.provider order by exports_in_effect.provider) as providers
from provider_sets
inner join exports_in_effect
    on provider_sets.provider_bits & (cast(1 as integer) << exports_in_effect.provider_rank) != 0
group by provider_sets.provider_bits
