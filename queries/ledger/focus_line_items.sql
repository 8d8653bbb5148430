-- The ledger from a FOCUS export: each charge with the five cost metrics; discounts and negation are inside its rows.
-- grain: one row per row of the export
-- inputs: focus
-- columns:
--   tag_set_id: the set of tags and cost categories on the line, see tag_sets
--   billing_account_id: the payer
--   sub_account_id: the account that used it
--   billing_period_start: first moment of the billing period, UTC
--   charge_period_start: start of the charge, UTC
--   charge_period_end: end of the charge, exclusive, UTC
--   billing_currency: currency of every cost column
--   invoice_id: null while the line is an estimate
--   charge_category: Usage, Purchase, Tax, Credit or Adjustment
--   charge_description: the provider's own words
--   pricing_category: Standard, Dynamic, Committed, Other or null
--   commitment_discount_id: the commitment that applies or is billed
--   service_name: the provider's service name
--   region_id: region code
--   availability_zone: where it ran, if zonal
--   resource_id: resource id or ARN
--   pricing_quantity: amount in pricing_unit
--   pricing_unit: unit of pricing_quantity
--   billed_cost: BilledCost
--   effective_cost: EffectiveCost
--   list_cost: ListCost
--   x_unblended_cost: BilledCost
--   x_net_unblended_cost: BilledCost, discounts are folded in
--   x_amortized_cost: EffectiveCost
--   x_net_amortized_cost: EffectiveCost, discounts are folded in
--   x_line_item_type: null, FOCUS has no line item types
--   x_service_code: AWS service code; the service name where no code is known
--   x_usage_type: AWS usage type where the export gives it
--   x_operation: AWS operation where the export gives it
--   x_billing_entity: null, not in FOCUS
--   x_instance_type: null, not in FOCUS
--   x_charge_type: kind of charge: usage, fee, upfront, tax, ..., or (unclassified); see docs/reconcile.md
--   x_taggable: the line could carry a resource tag
--   x_is_long: the line is no usage of one day: it spans more, or is a purchase or tax
--   x_split_parent_id: the instance a container ran on, on lines of split cost allocation; null, not in FOCUS
--   x_split_cost: the container's share of the instance's amortized cost, unused rest included; null, not in FOCUS
--   x_net_split_cost: the same after discounts; null, not in FOCUS
select
    tag_set_id,
    billing_account_id,
    sub_account_id,
    billing_period_start,
    charge_period_start,
    charge_period_end,
    billing_currency,
    invoice_id,
    coalesce(charge_category, '(unclassified)') as charge_category,
    charge_description,
    pricing_category,
    commitment_discount_id,
    service_name,
    region_id,
    availability_zone,
    resource_id,
    pricing_quantity,
    pricing_unit,
    billed_cost,
    effective_cost,
    list_cost,
    billed_cost as x_unblended_cost,
    billed_cost as x_net_unblended_cost,
    effective_cost as x_amortized_cost,
    effective_cost as x_net_amortized_cost,
    cast(null as varchar) as x_line_item_type,
    x_service_code,
    x_usage_type,
    x_operation,
    cast(null as varchar) as x_billing_entity,
    x_instance_type,
    case
        when charge_category = 'Tax' then 'tax'
        when charge_category = 'Credit' then 'credit'
        when charge_class = 'Correction' then 'refund'
        -- what AWS Marketplace sells is published by its seller
        when publisher_name not like 'Amazon%' and publisher_name not like 'AWS%' then 'marketplace'
        when x_service_code like 'AWS%Support%' then 'support'
        when charge_category = 'Purchase' and commitment_discount_id is not null and charge_frequency = 'One-Time'
            then 'upfront'
        when charge_category = 'Purchase' and commitment_discount_id is not null then 'commitment fee'
        when charge_category = 'Purchase' then 'fee'
        when charge_category = 'Usage' then 'usage'
        else '(unclassified)'
    end as x_charge_type,
    -- a charge without a category is no usage and no purchase, and either way it is counted
    coalesce(charge_category, '') = 'Usage'
    and coalesce(charge_class, '') <> 'Correction'
    and coalesce(commitment_discount_status, '') <> 'Unused'
    and resource_id is not null as x_taggable,
    coalesce(charge_category, '') in ('Tax', 'Purchase')
    or charge_period_end > charge_period_start + interval 1 day as x_is_long,
    cast(null as varchar) as x_split_parent_id,
    cast(null as decimal(38, 10)) as x_split_cost,
    cast(null as decimal(38, 10)) as x_net_split_cost
from focus
