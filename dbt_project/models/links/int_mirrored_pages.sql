with link_rows as (

    select distinct
        client_id,
        refreshed_on,
        path_key,
        target_key,
        source_host
    from {{ ref('int_link_rows') }}
    where path_key is not null and evidence_role != 'unconfirmed' and rule_bits % 8 = 0

),

-- most paths stand on one host: only the others need to know their domain
repeated as (

    select
        *,
        count(*) over (partition by client_id, refreshed_on, path_key, target_key) as hosts
    from link_rows
    qualify hosts >= 2

),

hosts as (

    select * from {{ ref('int_hosts') }}

)

select
    repeated.client_id,
    repeated.refreshed_on,
    repeated.path_key,
    repeated.target_key,
    count(distinct hosts.referring_domain) as domains
from repeated
inner join hosts
    on repeated.source_host = hosts.host
group by repeated.client_id, repeated.refreshed_on, repeated.path_key, repeated.target_key
having count(distinct hosts.referring_domain) >= 2
