-- One charge of a FOCUS 1.0 or 1.2 export under its snake_case name, typed, nothing else.
-- grain: one row per row of the export
-- inputs: focus_rows, service_codes
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
--   charge_class: Correction for a change to an invoiced period, else null
--   charge_frequency: One-Time, Recurring or Usage-Based
--   charge_description: the provider's own words
--   pricing_category: Standard, Dynamic, Committed, Other or null
--   commitment_discount_id: the commitment that applies or is billed
--   commitment_discount_status: Used or Unused on covered usage
--   publisher_name: who made what was bought; AWS, or a seller on AWS Marketplace
--   service_name: the provider's service name
--   x_service_code: AWS service code; the service name where no code is known
--   region_id: region code
--   availability_zone: where it ran, if zonal
--   resource_id: resource id or ARN
--   pricing_quantity: amount in pricing_unit
--   pricing_unit: unit of pricing_quantity
--   x_usage_type: AWS usage type where the export gives it
--   x_operation: AWS operation where the export gives it
--   x_instance_type: instance type, not in FOCUS
--   billed_cost: invoice basis
--   effective_cost: amortized, after discounts
--   list_cost: at public price
with
charges as (
    select
        focus_rows.*,
        service_codes.x_service_code as known_service_code
    from focus_rows
    left join service_codes on focus_rows.service_name = service_codes.service_name
)

select
    tag_set_id,
    billing_account_id,
    sub_account_id,
    billing_period_start,
    charge_period_start,
    coalesce(charge_period_end, charge_period_start) as charge_period_end,
    billing_currency,
    invoice_id,
    charge_category,
    charge_class,
    charge_frequency,
    charge_description,
    pricing_category,
    commitment_discount_id,
    commitment_discount_status,
    publisher_name,
    service_name,
    coalesce(x_service_code, known_service_code, service_name) as x_service_code,
    region_id,
    availability_zone,
    resource_id,
    pricing_quantity,
    pricing_unit,
    x_usage_type,
    x_operation,
    cast(null as varchar) as x_instance_type,
    billed_cost,
    effective_cost,
    list_cost
from charges
