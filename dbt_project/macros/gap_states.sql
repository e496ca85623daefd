{#
    The states of a gap: the contract's table of transitions, as SQL.
#}

{# What a domain is in one refresh: linked, open, set_aside (open or linked only if rejected rows counted) or absent. #}
{% macro gap_now(is_client_linked, competitors, is_client_linked_with_rejected, competitors_with_rejected) -%}
    case
        when {{ is_client_linked }} then 'linked'
        when {{ competitors }} >= refreshes.min_competitors then 'open'
        when {{ is_client_linked_with_rejected }} or {{ competitors_with_rejected }} >= refreshes.min_competitors
            then 'set_aside'
        else 'absent'
    end
{%- endmacro %}

{# The state after a refresh; null where there was none and none begins. #}
{% macro gap_state(state_before, now) -%}
    case
        when {{ now }} = 'linked' then case when {{ state_before }} is not null then 'closed' end
        when {{ now }} = 'open' then 'open'
        when {{ state_before }} is null then null
        when {{ now }} = 'set_aside'
            then case when {{ state_before }} in ('open', 'closed') then 'set_aside' else {{ state_before }} end
        when {{ state_before }} = 'open' then 'expired'
        when {{ state_before }} = 'closed' then 'lost'
        else {{ state_before }}
    end
{%- endmacro %}

{# The name of the step; null where there is no row. What the panel alone opened or ended has names of its own. #}
{% macro gap_transition(state_before, now, was_ever_linked, is_opened_by_panel, is_ended_by_panel) -%}
    case
        when {{ now }} = 'linked' then
            case {{ state_before }}
                when 'open' then 'closed'
                when 'closed' then 'stayed_closed'
                when 'lost' then 'regained'
                when 'expired' then 'regained'
                when 'set_aside' then 'regained'
            end
        when {{ now }} = 'open' then
            case
                when {{ state_before }} = 'open' then 'stayed_open'
                when {{ is_opened_by_panel }} then 'panel_new'
                when {{ state_before }} is null then case when {{ was_ever_linked }} then 'reopened' else 'new' end
                when {{ state_before }} in ('closed', 'lost') then 'reopened'
                else 'returned'
            end
        when {{ state_before }} is null then null
        when {{ state_before }} in ('lost', 'expired', 'set_aside') then 'unchanged'
        when {{ now }} = 'set_aside' then 'set_aside'
        when {{ state_before }} = 'closed' then 'lost'
        when {{ is_ended_by_panel }} then 'panel_removed'
        else 'expired'
    end
{%- endmacro %}

{# Whether taking doubtful evidence as there and as gone ends in the same state. #}
{% macro is_agreed() -%}
    (
        {{ gap_state('states.state', 'observed.now_perhaps') }}
        is not distinct from {{ gap_state('states.state', 'observed.now_for_sure') }}
    )
{%- endmacro %}
