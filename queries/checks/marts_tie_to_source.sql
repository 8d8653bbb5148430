-- A mart that does not sum to the rows of the export, to the last decimal: the data must not be used.
-- grain: view, measure
-- inputs: source_totals, line_items, resource_daily, daily_cost, period_totals, charges, split_cost_daily
-- columns:
--   view: the table that is wrong
--   measure: what was summed
--   expected: the sum of its input
--   found: the sum of the table
with
ledger as (
    select
        count(*) as line_items,
        sum(x_unblended_cost) as unblended,
        sum(x_net_unblended_cost) as net_unblended,
        sum(x_amortized_cost) as amortized,
        sum(x_net_amortized_cost) as net_amortized,
        sum(list_cost) as list
    from line_items
),

-- few lines or none: apart, so that the others are not asked for them
containers as (
    select sum(x_split_cost) as split, sum(x_net_split_cost) as net_split
    from line_items
    where x_split_parent_id is not null
),

splits as (
    select sum(x_split_cost) as split, sum(x_net_split_cost) as net_split from split_cost_daily
),

sums as (
    select
        'resource_daily' as view,
        sum(line_items) as line_items,
        sum(x_unblended_cost) as unblended,
        sum(x_net_unblended_cost) as net_unblended,
        sum(x_amortized_cost) as amortized,
        sum(x_net_amortized_cost) as net_amortized,
        sum(list_cost) as list
    from resource_daily
    union all
    select
        'daily_cost',
        sum(line_items),
        sum(x_unblended_cost),
        sum(x_net_unblended_cost),
        sum(x_amortized_cost),
        sum(x_net_amortized_cost),
        sum(list_cost)
    from daily_cost
    union all
    select
        'period_totals',
        sum(line_items),
        sum(x_unblended_cost),
        sum(x_net_unblended_cost),
        sum(x_amortized_cost),
        sum(x_net_amortized_cost),
        sum(list_cost)
    from period_totals
    union all
    select
        'charges',
        sum(line_items),
        sum(x_unblended_cost),
        sum(x_net_unblended_cost),
        sum(x_amortized_cost),
        sum(x_net_amortized_cost),
        sum(list_cost)
    from charges
),

compared as (
    select
        'line_items' as view,
        'rows' as measure,
        cast(source_totals.line_items as decimal(38, 10)) as expected,
        cast(ledger.line_items as decimal(38, 10)) as found
    from source_totals
    cross join ledger
    union all
    select 'line_items', 'unblended', source_totals.unblended, ledger.unblended from source_totals cross join ledger
    union all
    select sums.view, 'rows', ledger.line_items, sums.line_items from sums cross join ledger
    union all
    select sums.view, 'unblended', ledger.unblended, sums.unblended from sums cross join ledger
    union all
    select sums.view, 'net_unblended', ledger.net_unblended, sums.net_unblended from sums cross join ledger
    union all
    select sums.view, 'amortized', ledger.amortized, sums.amortized from sums cross join ledger
    union all
    select sums.view, 'net_amortized', ledger.net_amortized, sums.net_amortized from sums cross join ledger
    union all
    select sums.view, 'list', ledger.list, sums.list from sums cross join ledger
    union all
    select 'split_cost_daily', 'split', containers.split, splits.split from splits cross join containers
    union all
    select 'split_cost_daily', 'net_split', containers.net_split, splits.net_split
    from splits
    cross join containers
)

select view, measure, expected, found
from compared
where coalesce(expected, 0) <> coalesce(found, 0)
