-- Charges of a type not known here: counted at their unblended cost, and named.
-- grain: x_line_item_type
-- inputs: period_totals
-- columns:
--   x_line_item_type: the type as the export spells it
--   line_items: rows of the export
--   unblended: their unblended cost
select
    coalesce(x_line_item_type, '(none)') as x_line_item_type,
    cast(sum(line_items) as bigint) as line_items,
    sum(x_unblended_cost) as unblended
from period_totals
where charge_category = '(unclassified)'
group by coalesce(x_line_item_type, '(none)')
