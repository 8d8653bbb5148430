-- One group of Cost Explorer's answer by service and record type, named as a Cost and Usage Report names it.
-- grain: one row per row of the export
-- inputs: cost_explorer_charge_rows, service_codes, record_types, cost_explorer_grouped
-- columns:
--   tag_set_id: the set without a tag
--   billing_account_id: the payer
--   billing_period_start: first moment of the billing period, UTC
--   charge_day: day of the charges, UTC
--   billing_currency: currency of every cost column
--   service_name: service as Cost Explorer spells it
--   x_service_code: AWS service code; the service name where no code is known
--   x_line_item_type: AWS line item type; the record type as it is where it is not known here
--   charge_category: FOCUS charge category, or (unclassified) for a record type not known here
--   x_is_long: the charges are no usage of one day: fees or tax
--   is_grouped: the second grouping of the money, if there is one, holds such charges too
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
with
named as (
    select
        cost_explorer_charge_rows.*,
        coalesce(service_codes.x_service_code, cost_explorer_charge_rows.service_name) as x_service_code,
        coalesce(record_types.x_line_item_type, cost_explorer_charge_rows.record_type) as x_line_item_type,
        coalesce(record_types.charge_category, '(unclassified)') as charge_category,
        coalesce(record_types.may_carry_tag, 'false') as may_carry_tag
    from cost_explorer_charge_rows
    left join service_codes on cost_explorer_charge_rows.service_name = service_codes.service_name
    left join record_types on cost_explorer_charge_rows.record_type = record_types.record_type
)

select
    named.tag_set_id,
    named.billing_account_id,
    named.billing_period_start,
    named.charge_day,
    named.billing_currency,
    named.service_name,
    named.x_service_code,
    named.x_line_item_type,
    named.charge_category,
    named.x_line_item_type in ('Tax', 'Fee', 'RIFee', 'SavingsPlanUpfrontFee') as x_is_long,
    cost_explorer_grouped.may_carry_tag is not null as is_grouped,
    named.x_unblended_cost,
    named.x_net_unblended_cost,
    named.x_amortized_cost,
    named.x_net_amortized_cost
from named
left join cost_explorer_grouped on named.may_carry_tag = cost_explorer_grouped.may_carry_tag
