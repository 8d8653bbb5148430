-- The ledger from Cost Explorer, the same money in one of its groupings: by record type, by account or by a tag.
-- A second grouping takes the place of the charges it holds; what it sums to less than they do is a row of its own.
-- grain: one row per row of the export
-- inputs: cost_explorer, cost_explorer_group_rows, service_codes
-- columns:
--   tag_set_id: the set of tags on the group, see tag_sets; null for what is in no group
--   billing_account_id: the payer
--   sub_account_id: the account that used it where it is grouped by; (not in this grouping) for what is in no group
--   billing_period_start: first moment of the billing period, UTC
--   charge_period_start: start of the day, UTC
--   charge_period_end: end of the day, exclusive, UTC
--   billing_currency: currency of every cost column
--   invoice_id: null, not in Cost Explorer
--   charge_category: FOCUS charge category; in a second grouping that of all charges of the day and service, if it is one
--   charge_description: null, not in Cost Explorer
--   pricing_category: null, not asked of Cost Explorer
--   commitment_discount_id: null, not asked of Cost Explorer
--   service_name: service as Cost Explorer spells it
--   region_id: null, not asked of Cost Explorer
--   availability_zone: null, not asked of Cost Explorer
--   resource_id: null, not in Cost Explorer
--   pricing_quantity: null, not asked of Cost Explorer
--   pricing_unit: null, not asked of Cost Explorer
--   billed_cost: null, Cost Explorer has none
--   effective_cost: null, Cost Explorer has none
--   list_cost: null, Cost Explorer has none
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   x_line_item_type: AWS line item type; in a second grouping that of all charges of the day and service, if it is one
--   x_service_code: AWS service code; the service name where no code is known
--   x_usage_type: null, not asked of Cost Explorer
--   x_operation: null, not asked of Cost Explorer
--   x_billing_entity: null, not asked of Cost Explorer
--   x_instance_type: null, not asked of Cost Explorer
--   x_charge_type: kind of charge: usage, fee, upfront, tax, ..., or (unclassified); see docs/reconcile.md
--   x_taggable: the group is by tag and of charges that may carry one
--   x_is_long: the charges are no usage of one day: fees or tax; false where they are mixed with daily ones
--   x_split_parent_id: null, not in Cost Explorer
--   x_split_cost: null, not in Cost Explorer
--   x_net_split_cost: null, not in Cost Explorer
with
-- what is known of the charges that a group is made of
kinds as (
    select
        charge_day,
        service_name,
        billing_currency,
        case when min(x_line_item_type) = max(x_line_item_type) then min(x_line_item_type) end as x_line_item_type,
        case when min(charge_category) = max(charge_category) then min(charge_category) end as charge_category,
        max(case when x_is_long then 1 else 0 end) = 1
        and max(case
            when x_is_long then 0
            when x_unblended_cost <> 0 or x_net_unblended_cost <> 0 then 1
            when x_amortized_cost <> 0 or x_net_amortized_cost <> 0 then 1
            else 0
        end) = 0 as x_is_long
    from cost_explorer
    where is_grouped
    group by charge_day, service_name, billing_currency
),

-- the charges that are grouped, and the groups taken from them
signed as (
    select
        billing_account_id,
        billing_period_start,
        charge_day,
        service_name,
        billing_currency,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost
    from cost_explorer
    where is_grouped
    union all
    select
        billing_account_id,
        billing_period_start,
        charge_day,
        service_name,
        billing_currency,
        0 - x_unblended_cost as x_unblended_cost,
        0 - x_net_unblended_cost as x_net_unblended_cost,
        0 - x_amortized_cost as x_amortized_cost,
        0 - x_net_amortized_cost as x_net_amortized_cost
    from cost_explorer_group_rows
),

differences as (
    select
        billing_account_id,
        billing_period_start,
        charge_day,
        service_name,
        billing_currency,
        sum(x_unblended_cost) as x_unblended_cost,
        sum(x_net_unblended_cost) as x_net_unblended_cost,
        sum(x_amortized_cost) as x_amortized_cost,
        sum(x_net_amortized_cost) as x_net_amortized_cost
    from signed
    group by billing_account_id, billing_period_start, charge_day, service_name, billing_currency
),

grouped as (
    select
        billing_account_id,
        billing_period_start,
        charge_day,
        service_name,
        billing_currency,
        sub_account_id,
        tag_set_id,
        x_taggable,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost
    from cost_explorer_group_rows
    union all
    select
        billing_account_id,
        billing_period_start,
        charge_day,
        service_name,
        billing_currency,
        '(not in this grouping)' as sub_account_id,
        null as tag_set_id,
        false as x_taggable,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost
    from differences
    where x_unblended_cost <> 0 or x_net_unblended_cost <> 0 or x_amortized_cost <> 0 or x_net_amortized_cost <> 0
),

charges as (
    select
        tag_set_id,
        billing_account_id,
        cast(null as varchar) as sub_account_id,
        billing_period_start,
        charge_day,
        billing_currency,
        charge_category,
        service_name,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost,
        x_line_item_type,
        x_service_code,
        false as x_taggable,
        x_is_long
    from cost_explorer
    where not is_grouped
    union all
    select
        grouped.tag_set_id,
        grouped.billing_account_id,
        grouped.sub_account_id,
        grouped.billing_period_start,
        grouped.charge_day,
        grouped.billing_currency,
        kinds.charge_category,
        grouped.service_name,
        grouped.x_unblended_cost,
        grouped.x_net_unblended_cost,
        grouped.x_amortized_cost,
        grouped.x_net_amortized_cost,
        kinds.x_line_item_type,
        coalesce(service_codes.x_service_code, grouped.service_name) as x_service_code,
        grouped.x_taggable,
        coalesce(kinds.x_is_long, false) as x_is_long
    from grouped
    left join service_codes on grouped.service_name = service_codes.service_name
    left join kinds
        on grouped.charge_day = kinds.charge_day
        and grouped.service_name = kinds.service_name
        and grouped.billing_currency = kinds.billing_currency
)

select
    tag_set_id,
    billing_account_id,
    sub_account_id,
    billing_period_start,
    cast(charge_day as timestamp) as charge_period_start,
    cast(charge_day as timestamp) + interval 1 day as charge_period_end,
    billing_currency,
    cast(null as varchar) as invoice_id,
    charge_category,
    cast(null as varchar) as charge_description,
    cast(null as varchar) as pricing_category,
    cast(null as varchar) as commitment_discount_id,
    service_name,
    cast(null as varchar) as region_id,
    cast(null as varchar) as availability_zone,
    cast(null as varchar) as resource_id,
    cast(null as double) as pricing_quantity,
    cast(null as varchar) as pricing_unit,
    cast(null as decimal(38, 10)) as billed_cost,
    cast(null as decimal(38, 10)) as effective_cost,
    cast(null as decimal(38, 10)) as list_cost,
    cast(x_unblended_cost as decimal(38, 10)) as x_unblended_cost,
    cast(x_net_unblended_cost as decimal(38, 10)) as x_net_unblended_cost,
    cast(x_amortized_cost as decimal(38, 10)) as x_amortized_cost,
    cast(x_net_amortized_cost as decimal(38, 10)) as x_net_amortized_cost,
    x_line_item_type,
    x_service_code,
    cast(null as varchar) as x_usage_type,
    cast(null as varchar) as x_operation,
    cast(null as varchar) as x_billing_entity,
    cast(null as varchar) as x_instance_type,
    case
        when x_line_item_type = 'Tax' then 'tax'
        when x_line_item_type = 'Credit' then 'credit'
        when x_line_item_type = 'Refund' then 'refund'
        when charge_category = 'Adjustment' then 'discount'
        when x_service_code like 'AWS%Support%' then 'support'
        when x_line_item_type = 'SavingsPlanUpfrontFee' then 'upfront'
        when x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee') then 'commitment fee'
        when x_line_item_type in ('Fee', 'FlatRateSubscription') then 'fee'
        when charge_category = 'Usage' then 'usage'
        else '(unclassified)'
    end as x_charge_type,
    x_taggable,
    x_is_long,
    cast(null as varchar) as x_split_parent_id,
    cast(null as decimal(38, 10)) as x_split_cost,
    cast(null as decimal(38, 10)) as x_net_split_cost
from charges
