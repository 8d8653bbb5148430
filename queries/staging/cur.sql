-- One line item of a Cost and Usage Report (legacy or 2.0) under its FOCUS 1.2 name, renamed and typed, nothing else.
-- grain: one row per row of the export
-- inputs: cur_rows
-- columns:
--   tag_set_id: the set of tags and cost categories on the line, see tag_sets
--   billing_account_id: the payer, 12 digits
--   billing_account_name: its name where the export gives it
--   sub_account_id: the account that used it, 12 digits
--   sub_account_name: its name where the export gives it
--   billing_period_start: first moment of the billing period, UTC
--   billing_period_end: first moment after the billing period, UTC
--   charge_period_start: start of the charge, UTC
--   charge_period_end: end of the charge, exclusive, UTC
--   billing_currency: currency of every cost column
--   invoice_id: null while the line is an estimate
--   charge_description: AWS's own words
--   service_name: AWS's product name
--   availability_zone: where it ran, if zonal
--   region_id: region code
--   resource_id: resource id or ARN
--   pricing_quantity: usage amount in pricing_unit
--   pricing_unit: unit of pricing_quantity as AWS spells it
--   sku_id: SKU
--   sku_price_id: SKU, offer term and rate
--   x_line_item_type: AWS line item type
--   x_service_code: AWS product code
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   x_bill_type: Anniversary, Purchase or Refund
--   x_billing_entity: AWS or AWS Marketplace
--   x_pricing_term: OnDemand, Reserved, Spot or blank
--   x_reservation_arn: the reservation that applies or is billed
--   x_savings_plan_arn: the Savings Plan that applies or is billed
--   x_instance_type: instance type
--   unblended: line_item_unblended_cost
--   net_unblended: line_item_net_unblended_cost
--   public_on_demand: pricing_public_on_demand_cost
--   reservation_effective: cost of reserved hours used
--   reservation_net_effective: the same after discounts
--   reservation_unused_upfront: amortized upfront fee of reserved hours not used
--   reservation_unused_recurring: recurring fee of reserved hours not used
--   reservation_net_unused_upfront: the same after discounts
--   reservation_net_unused_recurring: the same after discounts
--   reservation_amortized_upfront: amortized upfront fee of the billing period
--   savings_plan_effective: cost of covered usage at the plan's rate
--   savings_plan_net_effective: the same after discounts
--   savings_plan_commitment: commitment of the hour, used or not
--   savings_plan_used: commitment of the hour that was used
--   savings_plan_amortized_upfront: amortized upfront commitment of the hour
--   savings_plan_net_amortized_upfront: the same after discounts
--   savings_plan_net_recurring: recurring commitment of the hour after discounts
--   split_parent_id: the instance that a container ran on, on lines of split cost allocation only
--   split_used: share of the instance's amortized cost that the container used or reserved
--   split_unused: its share of what nothing on the instance used
--   split_net_used: split_used after discounts
--   split_net_unused: split_unused after discounts
--   x_savings_plan_type: ComputeSavingsPlans, EC2InstanceSavingsPlans, ...
--   x_savings_plan_term: 1yr or 3yr
--   x_savings_plan_payment: No Upfront, Partial Upfront or All Upfront
--   x_savings_plan_start: when the plan began, ISO 8601 text
--   x_savings_plan_end: when it ends
--   x_reservation_start: when the reservation began, ISO 8601 text
--   x_reservation_end: when it ends
--   x_reservation_count: how many instances or nodes are reserved
--   reservation_unused_quantity: reserved hours of the billing period that were not used
select
    tag_set_id,
    bill_payer_account_id as billing_account_id,
    bill_payer_account_name as billing_account_name,
    line_item_usage_account_id as sub_account_id,
    line_item_usage_account_name as sub_account_name,
    bill_billing_period_start_date as billing_period_start,
    bill_billing_period_end_date as billing_period_end,
    line_item_usage_start_date as charge_period_start,
    coalesce(line_item_usage_end_date, line_item_usage_start_date) as charge_period_end,
    line_item_currency_code as billing_currency,
    bill_invoice_id as invoice_id,
    line_item_line_item_description as charge_description,
    product_product_name as service_name,
    line_item_availability_zone as availability_zone,
    coalesce(product_region_code, product_region) as region_id,
    line_item_resource_id as resource_id,
    line_item_usage_amount as pricing_quantity,
    pricing_unit,
    product_sku as sku_id,
    pricing_rate_code as sku_price_id,
    line_item_line_item_type as x_line_item_type,
    line_item_product_code as x_service_code,
    line_item_usage_type as x_usage_type,
    line_item_operation as x_operation,
    bill_bill_type as x_bill_type,
    bill_billing_entity as x_billing_entity,
    pricing_term as x_pricing_term,
    reservation_reservation_a_r_n as x_reservation_arn,
    savings_plan_savings_plan_a_r_n as x_savings_plan_arn,
    product_instance_type as x_instance_type,
    line_item_unblended_cost as unblended,
    line_item_net_unblended_cost as net_unblended,
    pricing_public_on_demand_cost as public_on_demand,
    reservation_effective_cost as reservation_effective,
    reservation_net_effective_cost as reservation_net_effective,
    reservation_unused_amortized_upfront_fee_for_billing_period as reservation_unused_upfront,
    reservation_unused_recurring_fee as reservation_unused_recurring,
    reservation_net_unused_amortized_upfront_fee_for_billing_period as reservation_net_unused_upfront,
    reservation_net_unused_recurring_fee as reservation_net_unused_recurring,
    reservation_amortized_upfront_fee_for_billing_period as reservation_amortized_upfront,
    savings_plan_savings_plan_effective_cost as savings_plan_effective,
    savings_plan_net_savings_plan_effective_cost as savings_plan_net_effective,
    savings_plan_total_commitment_to_date as savings_plan_commitment,
    savings_plan_used_commitment as savings_plan_used,
    savings_plan_amortized_upfront_commitment_for_billing_period as savings_plan_amortized_upfront,
    savings_plan_net_amortized_upfront_commitment_for_billing_period as savings_plan_net_amortized_upfront,
    savings_plan_net_recurring_commitment_for_billing_period as savings_plan_net_recurring,
    split_line_item_parent_resource_id as split_parent_id,
    split_line_item_split_cost as split_used,
    split_line_item_unused_cost as split_unused,
    split_line_item_net_split_cost as split_net_used,
    split_line_item_net_unused_cost as split_net_unused,
    savings_plan_offering_type as x_savings_plan_type,
    savings_plan_purchase_term as x_savings_plan_term,
    savings_plan_payment_option as x_savings_plan_payment,
    savings_plan_start_time as x_savings_plan_start,
    savings_plan_end_time as x_savings_plan_end,
    reservation_start_time as x_reservation_start,
    reservation_end_time as x_reservation_end,
    reservation_number_of_reservations as x_reservation_count,
    reservation_unused_quantity
from cur_rows
