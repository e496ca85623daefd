with events as (

    select * from {{ ref('int_outreach_events') }}
    where problem is null and outreach_status != 'prospect'

),

gaps as (

    select * from {{ ref('int_gaps') }}

),

traits as (

    select * from {{ ref('int_gap_traits') }}
    where client_id in (select client_id from events)

),

-- a domain counts once, however often it was written to
contacted as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        min(logged_on) filter (outreach_status != 'do_not_contact') as contacted_on,
        max(logged_on) as last_event_on,
        bool_or(outreach_status = 'won') as is_won_by_log,
        max(outreach_status) filter (is_latest) as latest_status
    from events
    group by all
    -- who asked never to be written to, and never was, is no attempt
    having bool_or(outreach_status != 'do_not_contact')

),

judged as (

    select
        contacted.client_id,
        contacted.refreshed_on,
        contacted.referring_domain,
        contacted.contacted_on,
        contacted.last_event_on,
        case
            when contacted.is_won_by_log then 'won'
            -- nobody wrote it down, but the link came after the letter
            when gaps.client_links > 0 and gaps.client_first_seen_on >= contacted.contacted_on then 'won'
            when contacted.latest_status in ('declined', 'do_not_contact') then 'declined'
            when
                contacted.last_event_on <= contacted.refreshed_on - {{ var('patience_days') | int }}
                then 'unanswered'
            else 'pending'
        end as attempt_outcome
    from contacted
    left join gaps
        on contacted.client_id = gaps.client_id
        and contacted.refreshed_on = gaps.refreshed_on
        and contacted.referring_domain = gaps.referring_domain

)

-- the gap as it was known when it was written to: the refresh before that day, else the nearest one after
select
    judged.client_id,
    judged.refreshed_on,
    judged.referring_domain,
    judged.contacted_on,
    judged.last_event_on,
    judged.attempt_outcome,
    -- a yes comes sooner than silence is one: outcomes of younger letters would make every rate too high
    judged.attempt_outcome != 'pending'
    and coalesce(judged.contacted_on <= judged.refreshed_on - {{ var('patience_days') | int }}, true) as is_decided,
    traits.refreshed_on as known_on,
    {% for component in fact_components() %}
    traits.share_{{ component }},
    {% endfor %}
    traits.segment,
    traits.tactic
from judged
left join traits
    on judged.client_id = traits.client_id
    and judged.referring_domain = traits.referring_domain
    and judged.refreshed_on >= traits.refreshed_on
qualify
    row_number() over (
        partition by judged.client_id, judged.refreshed_on, judged.referring_domain
        order by
            coalesce(traits.refreshed_on <= judged.contacted_on, false) desc,
            abs(date_diff('day', coalesce(judged.contacted_on, date '1970-01-01'), traits.refreshed_on))
    ) = 1
