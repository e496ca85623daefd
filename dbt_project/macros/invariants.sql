{#
    Invariants that span rows or tables, as queries of the rows that break them. Each is checked by the expectations of one
    table (`tests/generic/expectations.sql`), whose yml names it. A query gives `client_id`, `refreshed_on`, and in
    `example` what a reader can look up.
#}

{# A failure means: the progress of a refresh counts other open, opened or closed gaps than its snapshots show. #}
{% macro progress_agrees_with_snapshots() -%}
with snapshots as (

    select
        client_id,
        refreshed_on,
        count(*) filter (state = 'open') as open_at_end,
        count(*) filter (transition = 'new') as new,
        count(*) filter (transition = 'closed') as closed,
        count(*) filter (transition = 'expired') as expired
    from {{ ref('gap_snapshots') }}
    group by client_id, refreshed_on

),

progress as (

    select * from {{ ref('gap_progress') }}

)

select
    progress.client_id,
    progress.refreshed_on,
    'open_at_end ' || progress.open_at_end || ', open snapshots ' || coalesce(snapshots.open_at_end, 0) as example
from progress
left join snapshots
    on progress.client_id = snapshots.client_id
    and progress.refreshed_on = snapshots.refreshed_on
where
    progress.open_at_end != coalesce(snapshots.open_at_end, 0)
    or progress.new != coalesce(snapshots.new, 0)
    or progress.closed != coalesce(snapshots.closed, 0)
    or progress.expired != coalesce(snapshots.expired, 0)
{%- endmacro %}

{# A failure means: the open gaps at the start of a refresh are not those at the end of the one before. #}
{% macro progress_starts_where_it_ended() -%}
with progress as (

    select
        gap_progress.client_id,
        gap_progress.refreshed_on,
        refreshes.refresh_number,
        gap_progress.open_at_start,
        gap_progress.open_at_end
    from {{ ref('gap_progress') }} as gap_progress
    inner join {{ ref('refreshes') }} as refreshes
        on gap_progress.client_id = refreshes.client_id
        and gap_progress.refreshed_on = refreshes.refreshed_on

)

select
    progress.client_id,
    progress.refreshed_on,
    concat('open_at_start ', progress.open_at_start, ', open_at_end before ', earlier.open_at_end) as example
from progress
left join progress as earlier
    on progress.client_id = earlier.client_id
    and progress.refresh_number = earlier.refresh_number + 1
where
    progress.open_at_start != earlier.open_at_end
    or (progress.refresh_number = 1 and progress.open_at_start != 0)
{%- endmacro %}

{# A failure means: the changes of a refresh are not those that its progress counts. #}
{% macro changes_agree_with_progress() -%}
with changes as (

    select
        client_id,
        refreshed_on,
        count(*) filter (change = 'closed') as closed,
        count(*) filter (change = 'reopened') as reopened,
        coalesce(sum(links), 0) as new_competitor_links
    from {{ ref('changes') }}
    group by all

)

select
    progress.client_id,
    progress.refreshed_on,
    concat('closed ', progress.closed, ', closed in changes ', coalesce(changes.closed, 0)) as example
from {{ ref('gap_progress') }} as progress
left join changes
    on progress.client_id = changes.client_id
    and progress.refreshed_on = changes.refreshed_on
where
    progress.new_competitor_links is not null
    and (
        progress.closed is distinct from coalesce(changes.closed, 0)
        or progress.reopened is distinct from coalesce(changes.reopened, 0)
        or progress.new_competitor_links is distinct from coalesce(changes.new_competitor_links, 0)
    )
{%- endmacro %}

{# A failure means: a gap that is open by status and state is no opportunity, or an opportunity is no such gap. #}
{% macro opportunities_are_the_open_gaps() -%}
with gaps as (

    select * from {{ ref('gaps') }}
    where gap_status = 'open'

),

snapshots as (

    select * from {{ ref('gap_snapshots') }}
    where state = 'open'

),

open_gaps as (

    select
        gaps.client_id,
        gaps.refreshed_on,
        gaps.referring_domain
    from gaps
    inner join snapshots
        on gaps.client_id = snapshots.client_id
        and gaps.refreshed_on = snapshots.refreshed_on
        and gaps.referring_domain = snapshots.referring_domain

),

opportunities as (

    select * from {{ ref('opportunities') }}

)

select
    coalesce(open_gaps.client_id, opportunities.client_id) as client_id,
    coalesce(open_gaps.refreshed_on, opportunities.refreshed_on) as refreshed_on,
    'referring_domain ' || coalesce(open_gaps.referring_domain, opportunities.referring_domain) as example
from open_gaps
full outer join opportunities
    on open_gaps.client_id = opportunities.client_id
    and open_gaps.refreshed_on = opportunities.refreshed_on
    and open_gaps.referring_domain = opportunities.referring_domain
where open_gaps.client_id is null or opportunities.client_id is null
{%- endmacro %}

{# A failure means: a rank is missing, stands twice, or does not follow score and domain name. #}
{% macro ranks_follow_the_score_without_holes() -%}
with ranked as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        rank,
        row_number() over (
            partition by client_id, refreshed_on
            order by score desc, referring_domain
        ) as expected_rank
    from {{ ref('opportunities') }}
    where rank is not null

)

select
    client_id,
    refreshed_on,
    concat('referring_domain ', referring_domain, ', rank ', rank, ', expected ', expected_rank) as example
from ranked
where rank != expected_rank
{%- endmacro %}

{# A failure means: a gap counts other links or competitors than the rows of `link_matrix` show, or lacks them. #}
{% macro gaps_agree_with_link_matrix() -%}
with matrix as (

    select
        client_id,
        refreshed_on,
        referring_domain,
        coalesce(sum(links) filter (is_own_site), 0) as client_links,
        coalesce(sum(links) filter (not is_own_site), 0) as competitor_links,
        count(*) filter (not is_own_site) as competitors_linked
    from {{ ref('link_matrix') }}
    group by client_id, refreshed_on, referring_domain

),

gaps as (

    select * from {{ ref('gaps') }}

)

select
    coalesce(gaps.client_id, matrix.client_id) as client_id,
    coalesce(gaps.refreshed_on, matrix.refreshed_on) as refreshed_on,
    'referring_domain ' || coalesce(gaps.referring_domain, matrix.referring_domain) as example
from gaps
full outer join matrix
    on gaps.client_id = matrix.client_id
    and gaps.refreshed_on = matrix.refreshed_on
    and gaps.referring_domain = matrix.referring_domain
where
    gaps.client_links is distinct from matrix.client_links
    or gaps.competitor_links is distinct from matrix.competitor_links
    or gaps.competitors_linked is distinct from matrix.competitors_linked
{%- endmacro %}

{# A failure means: `rejected_rows` has more or fewer rows of a file than the file counts as rejected. #}
{% macro rejected_rows_are_all_reported() -%}
with files as (

    select * from {{ ref('export_files') }}
    where outcome = 'accepted'

),

reported as (

    select
        client_id,
        refreshed_on,
        file_id,
        site,
        count(*) as rows_reported
    from {{ ref('rejected_rows') }}
    group by client_id, refreshed_on, file_id, site

)

select
    files.client_id,
    files.refreshed_on,
    concat('path ', files.path, ', rows_rejected ', files.rows_rejected, ', reported ', reported.rows_reported) as example
from files
left join reported
    on files.client_id = reported.client_id
    and files.refreshed_on = reported.refreshed_on
    and files.file_id = reported.file_id
    and files.site is not distinct from reported.site
where coalesce(files.rows_rejected, 0) != coalesce(reported.rows_reported, 0)
{%- endmacro %}

{# The rows that break an invariant. Spelt out, because dbt gives a test only the macros that it names. #}
{% macro rows_that_break(invariant) -%}
    {%- if invariant == 'progress_agrees_with_snapshots' -%}
    {{ progress_agrees_with_snapshots() }}
    {%- elif invariant == 'progress_starts_where_it_ended' -%}
    {{ progress_starts_where_it_ended() }}
    {%- elif invariant == 'changes_agree_with_progress' -%}
    {{ changes_agree_with_progress() }}
    {%- elif invariant == 'opportunities_are_the_open_gaps' -%}
    {{ opportunities_are_the_open_gaps() }}
    {%- elif invariant == 'ranks_follow_the_score_without_holes' -%}
    {{ ranks_follow_the_score_without_holes() }}
    {%- elif invariant == 'gaps_agree_with_link_matrix' -%}
    {{ gaps_agree_with_link_matrix() }}
    {%- elif invariant == 'rejected_rows_are_all_reported' -%}
    {{ rejected_rows_are_all_reported() }}
    {%- else -%}
    {{ exceptions.raise_compiler_error('no invariant is called ' ~ invariant) }}
    {%- endif -%}
{%- endmacro %}
