{% set statuses = "'" ~ value_lists()['outreach_status'] | join("', '") ~ "'" %}

with outreach_rows as (

    select * from {{ ref('int_outreach_rows') }}

),

hosts as (

    select * from {{ ref('int_hosts') }}

),

judged as (

    select
        outreach_rows.*,
        case when hosts.is_possible or hosts.is_suffix then hosts.referring_domain end as referring_domain,
        case when outreach_rows.status_word in ({{ statuses }}) then outreach_rows.status_word end as outreach_status,
        case
            when outreach_rows.delivered_subject is null then 'names neither a domain nor a page'
            when not coalesce(hosts.is_possible or hosts.is_suffix, false)
                then 'no domain: ' || outreach_rows.delivered_subject
            when outreach_rows.status_word is null
                then 'no status; expected {{ value_lists()["outreach_status"] | join(", ") }}'
            when outreach_rows.status_word not in ({{ statuses }})
                then
                    'no status: ' || outreach_rows.status_word
                    || '; expected {{ value_lists()["outreach_status"] | join(", ") }}'
        end as problem
    from outreach_rows
    left join hosts
        on outreach_rows.host = hosts.host

)

select
    client_id,
    refreshed_on,
    file_id,
    row_number,
    referring_domain,
    source_url,
    outreach_status,
    owner,
    note,
    problem,
    -- the latest word on a domain counts; of one day the last line
    problem is null
    and row_number() over (
        partition by client_id, refreshed_on, referring_domain, problem is null
        order by logged_on desc nulls last, file_id desc, row_number desc
    ) = 1 as is_latest,
    logged_on
from judged
