-- A failure means: a rank is missing, stands twice, or does not follow score and domain name.
with ranked as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        score,
        rank,
        row_number() over (
            partition by client_id, refreshed_on
            order by score desc, referring_domain
        ) as expected_rank
    from {{ ref('opportunities') }}
    where rank is not null

)

select * from ranked
where rank != expected_rank
