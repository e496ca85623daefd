{# What the rules say of a row that is set aside because its page is gone, and for nothing else. #}
{% set is_gone %}
not judged.is_accepted and judged.rule_bits & {{ rules_with(outcome='reject') }} = {{ rule_bit('page_gone') }}
{% endset %}

with own_sites as (

    select
        client_id,
        refreshed_on,
        site
    from {{ source('ledger', 'panel_sites') }}
    where is_own_site

),

links as (

    select * from {{ ref('int_links_merged') }}
    where is_own_site and is_delivered

),

exports_in_effect as (

    select * from {{ ref('int_exports_in_effect') }}

),

domain_metrics as (

    select * from {{ ref('int_domain_metrics') }}

),

outreach as (

    select * from {{ ref('int_outreach_events') }}
    where is_latest

),

-- rows that tell of a loss, of a page that is gone, or of a broken page of the client
telling_rows as (

    select
        judged.client_id,
        judged.refreshed_on,
        judged.page_key,
        judged.target_key,
        judged.file_number,
        judged.quote_key,
        judged.rel_bits,
        judged.live_key,
        judged.is_accepted as is_row_accepted,
        coalesce(delivered_rows.lost_on, delivered_rows.last_seen_on) as observed_on,
        exports_in_effect.provider,
        case when judged.is_check then 'somebody looked' else exports_in_effect.provider end
        || coalesce(
            ': ' || delivered_rows.lost_words, case when judged.is_check then ' and found no link' end, ''
        )
        || coalesce(
            -- 0 says that the page was not asked
            ' (the linking page answers '
            || cast(cast(nullif(delivered_rows.http_status, 0) as integer) as varchar) || ')',
            ''
        ) as evidence,
        coalesce(delivered_rows.is_target_broken, false) as is_target_broken,
        delivered_rows.target_http_status,
        delivered_rows.target_checked_on,
        judged.is_check,
        judged.is_untargeted,
        {{ is_gone }} as is_gone,
        not {{ is_live('judged.live_key') }}
        or judged.rule_bits & {{ rule_bit('page_gone') }} != 0 as is_loss,
        case
            when judged.is_check and judged.is_page_gone then 'page_gone'
            when judged.is_check then 'link_removed'
            when delivered_rows.lost_reason is not null then delivered_rows.lost_reason
            when judged.rule_bits & {{ rule_bit('page_gone') }} != 0 then 'page_gone'
        end as reason
    from {{ ref('int_link_rows_judged') }} as judged
    inner join {{ ref('int_link_rows__unioned') }} as delivered_rows
        on judged.client_id = delivered_rows.client_id
        and judged.refreshed_on = delivered_rows.refreshed_on
        and judged.file_number = delivered_rows.file_number
        and judged.row_number = delivered_rows.row_number
    inner join exports_in_effect
        on judged.client_id = exports_in_effect.client_id
        and judged.refreshed_on = exports_in_effect.refreshed_on
        and judged.file_number = exports_in_effect.file_number
    where
        judged.is_own_site
        and judged.is_linked
        and judged.evidence_role != 'unconfirmed'
        and (
            not {{ is_live('judged.live_key') }}
            or judged.rule_bits & {{ rule_bit('page_gone') }} != 0
            or delivered_rows.is_target_broken
        )

),

-- own pages that do not answer, as link rows and lists of linked pages tell; the latest word counts
told_of_pages as (

    select
        client_id,
        refreshed_on,
        target_key,
        provider,
        target_http_status as http_status,
        target_checked_on as seen_on,
        true as is_broken
    from telling_rows
    where is_target_broken and not is_untargeted

    union all

    select
        pages.client_id,
        pages.refreshed_on,
        pages.target_key,
        pages.provider,
        pages.http_status,
        pages.seen_on,
        {{ is_broken_status('pages.http_status') }} as is_broken
    from {{ ref('int_linked_page_rows') }} as pages
    inner join own_sites
        on pages.client_id = own_sites.client_id
        and pages.refreshed_on = own_sites.refreshed_on
        and pages.site = own_sites.site
    where pages.http_status is not null

),

broken_pages as (

    select
        client_id,
        refreshed_on,
        target_key,
        max_by(
            provider || ': the page it links to '
            || coalesce('answers ' || cast(cast(http_status as integer) as varchar), 'is broken')
            || coalesce(', checked on ' || cast(seen_on as varchar), ''),
            (is_broken, seen_on is not null, seen_on, provider)
        ) as broken_evidence,
        max_by(is_broken, (seen_on is not null, seen_on, is_broken)) as is_broken
    from told_of_pages
    group by client_id, refreshed_on, target_key

),

-- a check speaks of all links of its page
losses as (

    select
        telling_rows.* replace (links.target_key as target_key),
        links.is_accepted
    from telling_rows
    inner join links
        on telling_rows.client_id = links.client_id
        and telling_rows.refreshed_on = links.refreshed_on
        and telling_rows.page_key = links.page_key
        and (telling_rows.target_key = links.target_key or telling_rows.is_check)
    where telling_rows.is_loss and not links.is_live and (telling_rows.is_row_accepted or telling_rows.is_gone)

),

-- the latest row that gives a reason tells why, of one day the first in the order of quotation
lost as (

    select
        client_id,
        refreshed_on,
        page_key,
        target_key,
        bool_or(is_gone) and not any_value(is_accepted) as is_gone,
        min(quote_key) filter (is_gone) as gone_quote_key,
        arg_min(rel_bits, quote_key) filter (is_gone and rel_bits is not null) as gone_rel_bits,
        arg_min(observed_on, (-(live_key // 2), quote_key)) filter (observed_on is not null) as lost_on,
        arg_min(
            struct_pack(reason := reason, evidence := evidence),
            (-(live_key // 2), quote_key)
        ) filter (reason is not null) as told,
        list_sort(list_distinct(list(provider) filter (not is_check))) as lost_providers
    from losses
    group by client_id, refreshed_on, page_key, target_key

),

candidates as (

    select
        links.client_id,
        links.refreshed_on,
        links.page_key,
        links.target_key,
        links.site,
        links.referring_domain,
        coalesce(links.file_number, {{ quoted_file_number('lost.gone_quote_key') }}) as file_number,
        coalesce(links.row_number, {{ quoted_row_number('lost.gone_quote_key') }}) as row_number,
        links.text_file_number,
        links.text_row_number,
        case when links.is_accepted then links.is_follow else {{ is_follow('lost.gone_rel_bits') }} end as is_follow,
        links.is_live,
        lost.lost_on,
        coalesce(broken_pages.is_broken, false) as is_target_broken,
        case
            when coalesce(broken_pages.is_broken, false) then 'own_page_broken'
            else coalesce(lost.told.reason, 'unknown')
        end as reason,
        case
            when coalesce(broken_pages.is_broken, false) then broken_pages.broken_evidence
            else coalesce(
                lost.told.evidence, array_to_string(lost.lost_providers, ', ') || ': lost, no reason told'
            )
        end as reason_evidence
    from links
    left join lost
        on links.client_id = lost.client_id
        and links.refreshed_on = lost.refreshed_on
        and links.page_key = lost.page_key
        and links.target_key = lost.target_key
    left join broken_pages
        on links.client_id = broken_pages.client_id
        and links.refreshed_on = broken_pages.refreshed_on
        and links.target_key = broken_pages.target_key
    where
        (links.is_live and broken_pages.is_broken)
        or (not links.is_live and (links.is_accepted or lost.is_gone))

),

-- domains that lead to the client by a link that works
still_linking as (

    select distinct
        links.client_id,
        links.refreshed_on,
        links.referring_domain
    from links
    left join broken_pages
        on links.client_id = broken_pages.client_id
        and links.refreshed_on = broken_pages.refreshed_on
        and links.target_key = broken_pages.target_key
    where links.is_live and not coalesce(broken_pages.is_broken, false)

),

worth_asking as (

    select
        candidates.*,
        domain_metrics.authority,
        outreach.outreach_status,
        -- an own page can be mended without asking anybody
        coalesce(outreach.outreach_status, '') != 'do_not_contact'
        or candidates.reason = 'own_page_broken' as is_ranked,
        still_linking.referring_domain is not null as is_domain_still_linking
    from candidates
    left join domain_metrics
        on candidates.client_id = domain_metrics.client_id
        and candidates.refreshed_on = domain_metrics.refreshed_on
        and candidates.referring_domain = domain_metrics.referring_domain
    left join outreach
        on candidates.client_id = outreach.client_id
        and candidates.refreshed_on = outreach.refreshed_on
        and candidates.referring_domain = outreach.referring_domain
    left join still_linking
        on candidates.client_id = still_linking.client_id
        and candidates.refreshed_on = still_linking.refreshed_on
        and candidates.referring_domain = still_linking.referring_domain
    where candidates.is_follow or domain_metrics.authority >= {{ var('lost_link_authority') }}

),

-- title and anchor of another row, where the quoted one has neither
texts as (

    select
        worth_asking.client_id,
        worth_asking.refreshed_on,
        worth_asking.page_key,
        worth_asking.target_key,
        delivered_rows.title,
        delivered_rows.anchor
    from {{ ref('int_link_rows__unioned') }} as delivered_rows
    inner join worth_asking
        on delivered_rows.client_id = worth_asking.client_id
        and delivered_rows.refreshed_on = worth_asking.refreshed_on
        and delivered_rows.file_number = worth_asking.text_file_number
        and delivered_rows.row_number = worth_asking.text_row_number

)

select
    worth_asking.client_id,
    worth_asking.refreshed_on,
    case
        when worth_asking.is_ranked
            then cast(row_number() over (
                partition by worth_asking.client_id, worth_asking.refreshed_on, worth_asking.is_ranked
                order by
                    worth_asking.is_domain_still_linking,
                    worth_asking.authority desc nulls last,
                    -- what is easiest to mend first
                    list_position(value_list.reasons, worth_asking.reason),
                    not worth_asking.is_follow,
                    worth_asking.lost_on desc nulls last,
                    delivered_rows.source_url,
                    delivered_rows.target_url,
                    worth_asking.site
            ) as integer)
    end as rank,
    delivered_rows.source_url,
    delivered_rows.target_url,
    worth_asking.referring_domain,
    worth_asking.site,
    coalesce(delivered_rows.anchor, texts.anchor) as anchor,
    coalesce(delivered_rows.title, texts.title) as title,
    worth_asking.reason,
    worth_asking.reason_evidence,
    worth_asking.outreach_status,
    delivered_rows.file_id,
    delivered_rows.row_number,
    worth_asking.authority,
    worth_asking.is_follow,
    worth_asking.is_live,
    worth_asking.is_domain_still_linking,
    worth_asking.lost_on
from worth_asking
inner join {{ ref('int_link_rows__unioned') }} as delivered_rows
    on worth_asking.client_id = delivered_rows.client_id
    and worth_asking.refreshed_on = delivered_rows.refreshed_on
    and worth_asking.file_number = delivered_rows.file_number
    and worth_asking.row_number = delivered_rows.row_number
left join texts
    on worth_asking.client_id = texts.client_id
    and worth_asking.refreshed_on = texts.refreshed_on
    and worth_asking.page_key = texts.page_key
    and worth_asking.target_key = texts.target_key
cross join (select [{{ "'" ~ value_lists()['lost_links__reason'] | join("', '") ~ "'" }}] as reasons) as value_list
