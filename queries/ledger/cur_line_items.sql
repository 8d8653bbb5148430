-- The ledger from a Cost and Usage Report: each line item with its FOCUS charge category and the five cost metrics.
-- grain: one row per row of the export
-- inputs: cur, cur_net_commitment_used
-- columns:
--   tag_set_id: the set of tags and cost categories on the line, see tag_sets
--   billing_account_id: the payer
--   sub_account_id: the account that used it
--   billing_period_start: first moment of the billing period, UTC
--   charge_period_start: start of the charge, UTC
--   charge_period_end: end of the charge, exclusive, UTC
--   billing_currency: currency of every cost column
--   invoice_id: null while the line is an estimate
--   charge_category: Usage, Purchase, Tax, Credit, Adjustment, or (unclassified) for a type not known here
--   charge_description: AWS's own words
--   pricing_category: Standard, Dynamic (Spot), Committed, or null for tax
--   commitment_discount_id: the Savings Plan or reservation that applies or is billed
--   service_name: AWS's product name
--   region_id: region code
--   availability_zone: where it ran, if zonal
--   resource_id: resource id or ARN
--   pricing_quantity: usage amount in pricing_unit
--   pricing_unit: unit of pricing_quantity as AWS spells it
--   billed_cost: null, a Cost and Usage Report has none
--   effective_cost: null, a Cost and Usage Report has none
--   list_cost: at public on-demand price; the unblended cost where no public price is given
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   x_line_item_type: AWS line item type
--   x_service_code: AWS product code
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   x_billing_entity: AWS or AWS Marketplace
--   x_instance_type: instance type
--   x_charge_type: kind of charge: usage, fee, upfront, tax, ..., or (unclassified); see docs/reconcile.md
--   x_taggable: the line could carry a resource tag
--   x_is_long: the line is no usage of one day: it spans more, or is a fee or tax
--   x_split_parent_id: the instance a container ran on, on lines of split cost allocation; else null
--   x_split_cost: the container's share of the instance's amortized cost, unused rest included; no cost of its own
--   x_net_split_cost: the same after discounts
with
line_items as (
    select
        *,
        x_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') as is_usage,
        x_line_item_type in (
            'EdpDiscount', 'PrivateRateDiscount', 'SppDiscount', 'RiVolumeDiscount', 'BundledDiscount', 'Discount'
        ) as is_discount,
        x_line_item_type = 'Fee' and x_reservation_arn is not null as is_reservation_upfront,
        x_line_item_type = 'Refund'
        and x_service_code = 'ComputeSavingsPlans'
        and charge_description like 'Refund for one-time fee for Savings Plan ID%' as is_upfront_refund,
        -- only fee rows carry this key, so that covered usage matches no fee below
        case when x_line_item_type = 'SavingsPlanRecurringFee' then x_savings_plan_arn end as fee_arn
    from cur
),

amortized as (
    select
        line_items.*,
        case
            when net_unblended is not null then net_unblended
            -- a discount is already inside the net cost of the lines it discounts
            when is_discount and x_line_item_type <> 'BundledDiscount' then 0
            else unblended
        end as net_cost,
        case
            when x_line_item_type = 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
            when x_line_item_type = 'SavingsPlanRecurringFee'
                then coalesce(savings_plan_commitment, 0) - coalesce(savings_plan_used, 0)
            when x_line_item_type = 'DiscountedUsage' then coalesce(reservation_effective, 0)
            when x_line_item_type = 'RIFee'
                then coalesce(reservation_unused_upfront, 0) + coalesce(reservation_unused_recurring, 0)
            when x_line_item_type in ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') then 0
            when is_reservation_upfront or is_upfront_refund then 0
            else unblended
        end as amortized_cost,
        cur_net_commitment_used.net_used
    from line_items
    left join cur_net_commitment_used
        on line_items.fee_arn = cur_net_commitment_used.savings_plan_arn
        and line_items.charge_period_start = cur_net_commitment_used.charge_period_start
)

select
    tag_set_id,
    billing_account_id,
    sub_account_id,
    billing_period_start,
    charge_period_start,
    charge_period_end,
    billing_currency,
    invoice_id,
    case
        when is_usage or x_line_item_type in ('SavingsPlanNegation', 'FlatRateSubscription') then 'Usage'
        when x_line_item_type in ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee') then 'Purchase'
        when x_line_item_type = 'Tax' then 'Tax'
        when x_line_item_type = 'Credit' then 'Credit'
        when is_discount or x_line_item_type = 'Refund' then 'Adjustment'
        else '(unclassified)'
    end as charge_category,
    charge_description,
    case
        when x_line_item_type = 'Tax' then null
        when x_line_item_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation') then 'Committed'
        when x_usage_type like '%SpotUsage%' then 'Dynamic'
        else 'Standard'
    end as pricing_category,
    coalesce(x_savings_plan_arn, x_reservation_arn) as commitment_discount_id,
    service_name,
    region_id,
    availability_zone,
    resource_id,
    pricing_quantity,
    pricing_unit,
    cast(null as decimal(38, 10)) as billed_cost,
    cast(null as decimal(38, 10)) as effective_cost,
    cast(case
        when is_usage or x_line_item_type = 'FlatRateSubscription'
            -- Spot and Marketplace lines come with a public price of zero: that is unknown, not free
            then case when coalesce(public_on_demand, 0) = 0 then unblended else public_on_demand end
        when x_line_item_type in (
            'SavingsPlanNegation', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee'
        ) or is_reservation_upfront or is_upfront_refund or is_discount then 0
        else unblended
    end as decimal(38, 10)) as list_cost,
    cast(unblended as decimal(38, 10)) as x_unblended_cost,
    cast(net_cost as decimal(38, 10)) as x_net_unblended_cost,
    cast(amortized_cost as decimal(38, 10)) as x_amortized_cost,
    cast(case
        when x_line_item_type = 'SavingsPlanCoveredUsage' then coalesce(savings_plan_net_effective, amortized_cost)
        when x_line_item_type = 'SavingsPlanRecurringFee'
            and coalesce(savings_plan_net_amortized_upfront, savings_plan_net_recurring) is not null
            then coalesce(savings_plan_net_amortized_upfront, 0) + coalesce(savings_plan_net_recurring, 0)
            - coalesce(net_used, 0)
        when x_line_item_type = 'DiscountedUsage' then coalesce(reservation_net_effective, amortized_cost)
        when x_line_item_type = 'RIFee'
            and coalesce(reservation_net_unused_upfront, reservation_net_unused_recurring) is not null
            then coalesce(reservation_net_unused_upfront, 0) + coalesce(reservation_net_unused_recurring, 0)
        when x_line_item_type in (
            'SavingsPlanNegation', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee', 'RIFee'
        ) or is_reservation_upfront or is_upfront_refund then amortized_cost
        else net_cost
    end as decimal(38, 10)) as x_net_amortized_cost,
    x_line_item_type,
    x_service_code,
    x_usage_type,
    x_operation,
    x_billing_entity,
    x_instance_type,
    case
        when x_line_item_type = 'Tax' then 'tax'
        when x_line_item_type = 'Credit' then 'credit'
        when x_line_item_type = 'Refund' then 'refund'
        when is_discount then 'discount'
        when x_billing_entity = 'AWS Marketplace' then 'marketplace'
        -- AWSSupportBusiness, AWSSupportEnterprise, AWSDeveloperSupport
        when x_service_code like 'AWS%Support%' then 'support'
        when x_line_item_type = 'SavingsPlanUpfrontFee' or is_reservation_upfront then 'upfront'
        when x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee') then 'commitment fee'
        when x_line_item_type in ('Fee', 'FlatRateSubscription') then 'fee'
        when is_usage or x_line_item_type = 'SavingsPlanNegation' then 'usage'
        else '(unclassified)'
    end as x_charge_type,
    -- a line without a type is no usage and no fee, and either way it is counted
    coalesce(is_usage, false) and resource_id is not null as x_taggable,
    coalesce(x_line_item_type, '') in ('Tax', 'Fee', 'RIFee', 'SavingsPlanUpfrontFee')
    or charge_period_end > charge_period_start + interval 1 day as x_is_long,
    split_parent_id as x_split_parent_id,
    cast(coalesce(split_used, 0) + coalesce(split_unused, 0) as decimal(38, 10)) as x_split_cost,
    cast(
        coalesce(split_net_used, split_used, 0) + coalesce(split_net_unused, split_unused, 0) as decimal(38, 10)
    ) as x_net_split_cost
from amortized
