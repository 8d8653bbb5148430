CREATE OR REPLACE VIEW cur_rows AS
-- The rows of the export: edit this view where your table differs.
SELECT
  FROM_BIG_ENDIAN_64(
    XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("resource_tags", "cost_category") AS JSON))))
  ) AS tag_set_id,
  CAST(NULLIF("bill_bill_type", '') AS VARCHAR) AS bill_bill_type,
  CAST(NULLIF("bill_billing_entity", '') AS VARCHAR) AS bill_billing_entity,
  CAST(NULLIF("bill_invoice_id", '') AS VARCHAR) AS bill_invoice_id,
  CAST(NULLIF("bill_payer_account_id", '') AS VARCHAR) AS bill_payer_account_id,
  CAST(NULLIF("line_item_usage_account_id", '') AS VARCHAR) AS line_item_usage_account_id,
  CAST(NULLIF("bill_payer_account_name", '') AS VARCHAR) AS bill_payer_account_name,
  CAST(NULLIF("line_item_usage_account_name", '') AS VARCHAR) AS line_item_usage_account_name,
  CAST("bill_billing_period_start_date" AS TIMESTAMP) AS bill_billing_period_start_date,
  CAST("bill_billing_period_end_date" AS TIMESTAMP) AS bill_billing_period_end_date,
  CAST("line_item_usage_start_date" AS TIMESTAMP) AS line_item_usage_start_date,
  CAST("line_item_usage_end_date" AS TIMESTAMP) AS line_item_usage_end_date,
  CAST(NULLIF("line_item_availability_zone", '') AS VARCHAR) AS line_item_availability_zone,
  CAST(NULLIF("line_item_currency_code", '') AS VARCHAR) AS line_item_currency_code,
  CAST(NULLIF("line_item_line_item_description", '') AS VARCHAR) AS line_item_line_item_description,
  CAST(NULLIF("line_item_line_item_type", '') AS VARCHAR) AS line_item_line_item_type,
  CAST(NULLIF("line_item_operation", '') AS VARCHAR) AS line_item_operation,
  CAST(NULLIF("line_item_product_code", '') AS VARCHAR) AS line_item_product_code,
  CAST(NULLIF("line_item_resource_id", '') AS VARCHAR) AS line_item_resource_id,
  CAST(NULLIF("line_item_usage_type", '') AS VARCHAR) AS line_item_usage_type,
  CAST("line_item_unblended_cost" AS DECIMAL(38, 10)) AS line_item_unblended_cost,
  CAST("line_item_net_unblended_cost" AS DECIMAL(38, 10)) AS line_item_net_unblended_cost,
  CAST("line_item_usage_amount" AS DOUBLE) AS line_item_usage_amount,
  CAST(NULLIF("pricing_rate_code", '') AS VARCHAR) AS pricing_rate_code,
  CAST(NULLIF("pricing_term", '') AS VARCHAR) AS pricing_term,
  CAST(NULLIF("pricing_unit", '') AS VARCHAR) AS pricing_unit,
  CAST("pricing_public_on_demand_cost" AS DECIMAL(38, 10)) AS pricing_public_on_demand_cost,
  NULLIF(CAST(ELEMENT_AT("product", 'product_name') AS VARCHAR), '') AS product_product_name,
  NULLIF(CAST(ELEMENT_AT("product", 'region') AS VARCHAR), '') AS product_region_code,
  CAST(NULL AS VARCHAR) AS product_region,
  CAST(NULLIF("product_sku", '') AS VARCHAR) AS product_sku,
  CAST(NULLIF("product_instance_type", '') AS VARCHAR) AS product_instance_type,
  CAST("reservation_amortized_upfront_fee_for_billing_period" AS DECIMAL(38, 10)) AS reservation_amortized_upfront_fee_for_billing_period,
  CAST("reservation_effective_cost" AS DECIMAL(38, 10)) AS reservation_effective_cost,
  CAST("reservation_net_effective_cost" AS DECIMAL(38, 10)) AS reservation_net_effective_cost,
  CAST("reservation_net_unused_amortized_upfront_fee_for_billing_period" AS DECIMAL(38, 10)) AS reservation_net_unused_amortized_upfront_fee_for_billing_period,
  CAST("reservation_net_unused_recurring_fee" AS DECIMAL(38, 10)) AS reservation_net_unused_recurring_fee,
  CAST("reservation_unused_amortized_upfront_fee_for_billing_period" AS DECIMAL(38, 10)) AS reservation_unused_amortized_upfront_fee_for_billing_period,
  CAST("reservation_unused_recurring_fee" AS DECIMAL(38, 10)) AS reservation_unused_recurring_fee,
  CAST(NULLIF("reservation_reservation_a_r_n", '') AS VARCHAR) AS reservation_reservation_a_r_n,
  CAST("savings_plan_savings_plan_effective_cost" AS DECIMAL(38, 10)) AS savings_plan_savings_plan_effective_cost,
  CAST("savings_plan_net_savings_plan_effective_cost" AS DECIMAL(38, 10)) AS savings_plan_net_savings_plan_effective_cost,
  CAST("savings_plan_total_commitment_to_date" AS DECIMAL(38, 10)) AS savings_plan_total_commitment_to_date,
  CAST("savings_plan_used_commitment" AS DECIMAL(38, 10)) AS savings_plan_used_commitment,
  CAST("savings_plan_amortized_upfront_commitment_for_billing_period" AS DECIMAL(38, 10)) AS savings_plan_amortized_upfront_commitment_for_billing_period,
  CAST("savings_plan_net_amortized_upfront_commitment_for_billing_period" AS DECIMAL(38, 10)) AS savings_plan_net_amortized_upfront_commitment_for_billing_period,
  CAST("savings_plan_net_recurring_commitment_for_billing_period" AS DECIMAL(38, 10)) AS savings_plan_net_recurring_commitment_for_billing_period,
  CAST(NULLIF("savings_plan_savings_plan_a_r_n", '') AS VARCHAR) AS savings_plan_savings_plan_a_r_n,
  CAST(NULLIF("savings_plan_offering_type", '') AS VARCHAR) AS savings_plan_offering_type,
  CAST(NULLIF("savings_plan_purchase_term", '') AS VARCHAR) AS savings_plan_purchase_term,
  CAST(NULLIF("savings_plan_payment_option", '') AS VARCHAR) AS savings_plan_payment_option,
  CAST(NULLIF("savings_plan_start_time", '') AS VARCHAR) AS savings_plan_start_time,
  CAST(NULLIF("savings_plan_end_time", '') AS VARCHAR) AS savings_plan_end_time,
  CAST(NULLIF("reservation_start_time", '') AS VARCHAR) AS reservation_start_time,
  CAST(NULLIF("reservation_end_time", '') AS VARCHAR) AS reservation_end_time,
  CAST("reservation_unused_quantity" AS DOUBLE) AS reservation_unused_quantity,
  CAST(NULLIF("reservation_number_of_reservations", '') AS VARCHAR) AS reservation_number_of_reservations,
  CAST(NULL AS DECIMAL(38, 10)) AS split_line_item_split_cost,
  CAST(NULL AS DECIMAL(38, 10)) AS split_line_item_unused_cost,
  CAST(NULL AS DECIMAL(38, 10)) AS split_line_item_net_split_cost,
  CAST(NULL AS DECIMAL(38, 10)) AS split_line_item_net_unused_cost,
  CAST(NULL AS VARCHAR) AS split_line_item_parent_resource_id,
  CAST("product" AS VARCHAR) AS product
FROM billing.export;

CREATE OR REPLACE VIEW source_totals AS
-- What every view must sum to.
SELECT
  COUNT(*) AS line_items,
  SUM(CAST("line_item_unblended_cost" AS DECIMAL(38, 10))) AS unblended,
  COUNT(*) FILTER(WHERE
    "line_item_unblended_cost" IS NULL) AS blank_costs,
  COUNT(*) FILTER(WHERE
    "line_item_usage_start_date" IS NULL) AS blank_starts,
  COUNT(*) FILTER(WHERE
    COALESCE(
      ABS("line_item_unblended_cost" * 1e10 - ROUND("line_item_unblended_cost" * 1e10)) > 0.01 + ABS("line_item_unblended_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "line_item_net_unblended_cost" * 1e10 - ROUND("line_item_net_unblended_cost" * 1e10)
      ) > 0.01 + ABS("line_item_net_unblended_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "pricing_public_on_demand_cost" * 1e10 - ROUND("pricing_public_on_demand_cost" * 1e10)
      ) > 0.01 + ABS("pricing_public_on_demand_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_amortized_upfront_fee_for_billing_period" * 1e10 - ROUND("reservation_amortized_upfront_fee_for_billing_period" * 1e10)
      ) > 0.01 + ABS("reservation_amortized_upfront_fee_for_billing_period") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS("reservation_effective_cost" * 1e10 - ROUND("reservation_effective_cost" * 1e10)) > 0.01 + ABS("reservation_effective_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_net_effective_cost" * 1e10 - ROUND("reservation_net_effective_cost" * 1e10)
      ) > 0.01 + ABS("reservation_net_effective_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_net_unused_amortized_upfront_fee_for_billing_period" * 1e10 - ROUND("reservation_net_unused_amortized_upfront_fee_for_billing_period" * 1e10)
      ) > 0.01 + ABS("reservation_net_unused_amortized_upfront_fee_for_billing_period") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_net_unused_recurring_fee" * 1e10 - ROUND("reservation_net_unused_recurring_fee" * 1e10)
      ) > 0.01 + ABS("reservation_net_unused_recurring_fee") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_unused_amortized_upfront_fee_for_billing_period" * 1e10 - ROUND("reservation_unused_amortized_upfront_fee_for_billing_period" * 1e10)
      ) > 0.01 + ABS("reservation_unused_amortized_upfront_fee_for_billing_period") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "reservation_unused_recurring_fee" * 1e10 - ROUND("reservation_unused_recurring_fee" * 1e10)
      ) > 0.01 + ABS("reservation_unused_recurring_fee") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_savings_plan_effective_cost" * 1e10 - ROUND("savings_plan_savings_plan_effective_cost" * 1e10)
      ) > 0.01 + ABS("savings_plan_savings_plan_effective_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_net_savings_plan_effective_cost" * 1e10 - ROUND("savings_plan_net_savings_plan_effective_cost" * 1e10)
      ) > 0.01 + ABS("savings_plan_net_savings_plan_effective_cost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_total_commitment_to_date" * 1e10 - ROUND("savings_plan_total_commitment_to_date" * 1e10)
      ) > 0.01 + ABS("savings_plan_total_commitment_to_date") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_used_commitment" * 1e10 - ROUND("savings_plan_used_commitment" * 1e10)
      ) > 0.01 + ABS("savings_plan_used_commitment") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_amortized_upfront_commitment_for_billing_period" * 1e10 - ROUND("savings_plan_amortized_upfront_commitment_for_billing_period" * 1e10)
      ) > 0.01 + ABS("savings_plan_amortized_upfront_commitment_for_billing_period") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_net_amortized_upfront_commitment_for_billing_period" * 1e10 - ROUND("savings_plan_net_amortized_upfront_commitment_for_billing_period" * 1e10)
      ) > 0.01 + ABS("savings_plan_net_amortized_upfront_commitment_for_billing_period") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS(
        "savings_plan_net_recurring_commitment_for_billing_period" * 1e10 - ROUND("savings_plan_net_recurring_commitment_for_billing_period" * 1e10)
      ) > 0.01 + ABS("savings_plan_net_recurring_commitment_for_billing_period") * 4e-6,
      FALSE
    )) AS finer_costs,
  COUNT(*) FILTER(WHERE
    FALSE) AS instants
FROM billing.export;

CREATE OR REPLACE VIEW tag_sets AS
-- One row per tag of each set of tags.
SELECT DISTINCT
  tag_set_id,
  'resource_tag' AS source,
  label.key,
  label.value
FROM (
  SELECT DISTINCT
    FROM_BIG_ENDIAN_64(
      XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("resource_tags", "cost_category") AS JSON))))
    ) AS tag_set_id,
    resource_tags,
    cost_category
  FROM billing.export
)
CROSS JOIN UNNEST(resource_tags) AS label(key, value)
UNION ALL
SELECT DISTINCT
  tag_set_id,
  'cost_category' AS source,
  label.key,
  label.value
FROM (
  SELECT DISTINCT
    FROM_BIG_ENDIAN_64(
      XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("resource_tags", "cost_category") AS JSON))))
    ) AS tag_set_id,
    resource_tags,
    cost_category
  FROM billing.export
)
CROSS JOIN UNNEST(cost_category) AS label(key, value);

CREATE OR REPLACE VIEW cur AS
-- One line item of a Cost and Usage Report (legacy or 2.0) under its FOCUS 1.2 name, renamed and typed, nothing else.
SELECT
  tag_set_id,
  bill_payer_account_id AS billing_account_id,
  bill_payer_account_name AS billing_account_name,
  line_item_usage_account_id AS sub_account_id,
  line_item_usage_account_name AS sub_account_name,
  bill_billing_period_start_date AS billing_period_start,
  bill_billing_period_end_date AS billing_period_end,
  line_item_usage_start_date AS charge_period_start,
  COALESCE(line_item_usage_end_date, line_item_usage_start_date) AS charge_period_end,
  line_item_currency_code AS billing_currency,
  bill_invoice_id AS invoice_id,
  line_item_line_item_description AS charge_description,
  product_product_name AS service_name,
  line_item_availability_zone AS availability_zone,
  COALESCE(product_region_code, product_region) AS region_id,
  line_item_resource_id AS resource_id,
  line_item_usage_amount AS pricing_quantity,
  pricing_unit,
  product_sku AS sku_id,
  pricing_rate_code AS sku_price_id,
  line_item_line_item_type AS x_line_item_type,
  line_item_product_code AS x_service_code,
  line_item_usage_type AS x_usage_type,
  line_item_operation AS x_operation,
  bill_bill_type AS x_bill_type,
  bill_billing_entity AS x_billing_entity,
  pricing_term AS x_pricing_term,
  reservation_reservation_a_r_n AS x_reservation_arn,
  savings_plan_savings_plan_a_r_n AS x_savings_plan_arn,
  product_instance_type AS x_instance_type,
  line_item_unblended_cost AS unblended,
  line_item_net_unblended_cost AS net_unblended,
  pricing_public_on_demand_cost AS public_on_demand,
  reservation_effective_cost AS reservation_effective,
  reservation_net_effective_cost AS reservation_net_effective,
  reservation_unused_amortized_upfront_fee_for_billing_period AS reservation_unused_upfront,
  reservation_unused_recurring_fee AS reservation_unused_recurring,
  reservation_net_unused_amortized_upfront_fee_for_billing_period AS reservation_net_unused_upfront,
  reservation_net_unused_recurring_fee AS reservation_net_unused_recurring,
  reservation_amortized_upfront_fee_for_billing_period AS reservation_amortized_upfront,
  savings_plan_savings_plan_effective_cost AS savings_plan_effective,
  savings_plan_net_savings_plan_effective_cost AS savings_plan_net_effective,
  savings_plan_total_commitment_to_date AS savings_plan_commitment,
  savings_plan_used_commitment AS savings_plan_used,
  savings_plan_amortized_upfront_commitment_for_billing_period AS savings_plan_amortized_upfront,
  savings_plan_net_amortized_upfront_commitment_for_billing_period AS savings_plan_net_amortized_upfront,
  savings_plan_net_recurring_commitment_for_billing_period AS savings_plan_net_recurring,
  split_line_item_parent_resource_id AS split_parent_id,
  split_line_item_split_cost AS split_used,
  split_line_item_unused_cost AS split_unused,
  split_line_item_net_split_cost AS split_net_used,
  split_line_item_net_unused_cost AS split_net_unused,
  savings_plan_offering_type AS x_savings_plan_type,
  savings_plan_purchase_term AS x_savings_plan_term,
  savings_plan_payment_option AS x_savings_plan_payment,
  savings_plan_start_time AS x_savings_plan_start,
  savings_plan_end_time AS x_savings_plan_end,
  reservation_start_time AS x_reservation_start,
  reservation_end_time AS x_reservation_end,
  reservation_number_of_reservations AS x_reservation_count,
  reservation_unused_quantity
FROM cur_rows;

CREATE OR REPLACE VIEW cur_net_commitment_used AS
-- What the usage covered by a Savings Plan cost after discounts, per fee row: the bill has no net "used" column. A fee row spans an hour, or a day where AWS bills the plan by the day.
WITH covered AS (
  SELECT
    x_savings_plan_arn AS savings_plan_arn,
    charge_period_start AS hour_start,
    SUM(savings_plan_net_effective) AS net_used
  FROM cur
  WHERE
    x_line_item_type = 'SavingsPlanCoveredUsage'
    AND NOT savings_plan_net_effective IS NULL
  GROUP BY
    x_savings_plan_arn,
    charge_period_start
), fees AS (
  SELECT
    x_savings_plan_arn AS savings_plan_arn,
    charge_period_start,
    MAX(charge_period_end) AS charge_period_end,
    COUNT(COALESCE(savings_plan_net_amortized_upfront, savings_plan_net_recurring)) AS fee_rows
  FROM cur
  WHERE
    x_line_item_type = 'SavingsPlanRecurringFee'
  GROUP BY
    x_savings_plan_arn,
    charge_period_start
)
SELECT
  fees.savings_plan_arn,
  fees.charge_period_start,
  fees.fee_rows,
  CAST(SUM(covered.net_used) AS DECIMAL(38, 10)) AS net_used
FROM fees
INNER JOIN covered
  ON fees.savings_plan_arn = covered.savings_plan_arn
  AND covered.hour_start >= fees.charge_period_start
  AND covered.hour_start < fees.charge_period_end
GROUP BY
  fees.savings_plan_arn,
  fees.charge_period_start,
  fees.fee_rows;

CREATE OR REPLACE VIEW cur_line_items AS
-- The ledger from a Cost and Usage Report: each line item with its FOCUS charge category and the five cost metrics.
WITH line_items AS (
  SELECT
    *,
    x_line_item_type IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') AS is_usage,
    x_line_item_type IN (
      'EdpDiscount',
      'PrivateRateDiscount',
      'SppDiscount',
      'RiVolumeDiscount',
      'BundledDiscount',
      'Discount'
    ) AS is_discount,
    x_line_item_type = 'Fee' AND NOT x_reservation_arn IS NULL AS is_reservation_upfront,
    x_line_item_type = 'Refund'
    AND x_service_code = 'ComputeSavingsPlans'
    AND charge_description LIKE 'Refund for one-time fee for Savings Plan ID%' AS is_upfront_refund,
    CASE WHEN x_line_item_type = 'SavingsPlanRecurringFee' THEN x_savings_plan_arn END AS fee_arn /* only fee rows carry this key, so that covered usage matches no fee below */
  FROM cur
), amortized AS (
  SELECT
    line_items.*,
    CASE
      WHEN NOT net_unblended IS NULL
      THEN net_unblended
      WHEN is_discount AND x_line_item_type <> 'BundledDiscount'
      THEN 0
      ELSE unblended
    END AS net_cost,
    CASE
      WHEN x_line_item_type = 'SavingsPlanCoveredUsage'
      THEN COALESCE(savings_plan_effective, 0)
      WHEN x_line_item_type = 'SavingsPlanRecurringFee'
      THEN COALESCE(savings_plan_commitment, 0) - COALESCE(savings_plan_used, 0)
      WHEN x_line_item_type = 'DiscountedUsage'
      THEN COALESCE(reservation_effective, 0)
      WHEN x_line_item_type = 'RIFee'
      THEN COALESCE(reservation_unused_upfront, 0) + COALESCE(reservation_unused_recurring, 0)
      WHEN x_line_item_type IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee')
      THEN 0
      WHEN is_reservation_upfront OR is_upfront_refund
      THEN 0
      ELSE unblended
    END AS amortized_cost,
    cur_net_commitment_used.net_used
  FROM line_items
  LEFT JOIN cur_net_commitment_used
    ON line_items.fee_arn = cur_net_commitment_used.savings_plan_arn
    AND line_items.charge_period_start = cur_net_commitment_used.charge_period_start
)
SELECT
  tag_set_id,
  billing_account_id,
  sub_account_id,
  billing_period_start,
  charge_period_start,
  charge_period_end,
  billing_currency,
  invoice_id,
  CASE
    WHEN is_usage OR x_line_item_type IN ('SavingsPlanNegation', 'FlatRateSubscription')
    THEN 'Usage'
    WHEN x_line_item_type IN ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')
    THEN 'Purchase'
    WHEN x_line_item_type = 'Tax'
    THEN 'Tax'
    WHEN x_line_item_type = 'Credit'
    THEN 'Credit'
    WHEN is_discount OR x_line_item_type = 'Refund'
    THEN 'Adjustment'
    ELSE '(unclassified)'
  END AS charge_category,
  charge_description,
  CASE
    WHEN x_line_item_type = 'Tax'
    THEN NULL
    WHEN x_line_item_type IN ('DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    THEN 'Committed'
    WHEN x_usage_type LIKE '%SpotUsage%'
    THEN 'Dynamic'
    ELSE 'Standard'
  END AS pricing_category,
  COALESCE(x_savings_plan_arn, x_reservation_arn) AS commitment_discount_id,
  service_name,
  region_id,
  availability_zone,
  resource_id,
  pricing_quantity,
  pricing_unit,
  CAST(NULL AS DECIMAL(38, 10)) AS billed_cost,
  CAST(NULL AS DECIMAL(38, 10)) AS effective_cost,
  CAST(CASE
    WHEN is_usage OR x_line_item_type = 'FlatRateSubscription'
    THEN CASE WHEN COALESCE(public_on_demand, 0) = 0 THEN unblended ELSE public_on_demand END
    WHEN x_line_item_type IN (
      'SavingsPlanNegation',
      'SavingsPlanRecurringFee',
      'SavingsPlanUpfrontFee',
      'RIFee'
    )
    OR is_reservation_upfront
    OR is_upfront_refund
    OR is_discount
    THEN 0
    ELSE unblended
  END AS DECIMAL(38, 10)) AS list_cost,
  CAST(unblended AS DECIMAL(38, 10)) AS x_unblended_cost,
  CAST(net_cost AS DECIMAL(38, 10)) AS x_net_unblended_cost,
  CAST(amortized_cost AS DECIMAL(38, 10)) AS x_amortized_cost,
  CAST(CASE
    WHEN x_line_item_type = 'SavingsPlanCoveredUsage'
    THEN COALESCE(savings_plan_net_effective, amortized_cost)
    WHEN x_line_item_type = 'SavingsPlanRecurringFee'
    AND NOT COALESCE(savings_plan_net_amortized_upfront, savings_plan_net_recurring) IS NULL
    THEN COALESCE(savings_plan_net_amortized_upfront, 0) + COALESCE(savings_plan_net_recurring, 0) - COALESCE(net_used, 0)
    WHEN x_line_item_type = 'DiscountedUsage'
    THEN COALESCE(reservation_net_effective, amortized_cost)
    WHEN x_line_item_type = 'RIFee'
    AND NOT COALESCE(reservation_net_unused_upfront, reservation_net_unused_recurring) IS NULL
    THEN COALESCE(reservation_net_unused_upfront, 0) + COALESCE(reservation_net_unused_recurring, 0)
    WHEN x_line_item_type IN (
      'SavingsPlanNegation',
      'SavingsPlanUpfrontFee',
      'SavingsPlanRecurringFee',
      'RIFee'
    )
    OR is_reservation_upfront
    OR is_upfront_refund
    THEN amortized_cost
    ELSE net_cost
  END AS DECIMAL(38, 10)) AS x_net_amortized_cost,
  x_line_item_type,
  x_service_code,
  x_usage_type,
  x_operation,
  x_billing_entity,
  x_instance_type,
  CASE
    WHEN x_line_item_type = 'Tax'
    THEN 'tax'
    WHEN x_line_item_type = 'Credit'
    THEN 'credit'
    WHEN x_line_item_type = 'Refund'
    THEN 'refund'
    WHEN is_discount
    THEN 'discount'
    WHEN x_billing_entity = 'AWS Marketplace'
    THEN 'marketplace'
    WHEN x_service_code LIKE 'AWS%Support%'
    THEN 'support'
    WHEN x_line_item_type = 'SavingsPlanUpfrontFee' OR is_reservation_upfront
    THEN 'upfront'
    WHEN x_line_item_type IN ('RIFee', 'SavingsPlanRecurringFee')
    THEN 'commitment fee'
    WHEN x_line_item_type IN ('Fee', 'FlatRateSubscription')
    THEN 'fee'
    WHEN is_usage OR x_line_item_type = 'SavingsPlanNegation'
    THEN 'usage'
    ELSE '(unclassified)'
  END AS x_charge_type,
  COALESCE(is_usage, FALSE) /* a line without a type is no usage and no fee, and either way it is counted */
  AND NOT resource_id IS NULL AS x_taggable,
  COALESCE(x_line_item_type, '') IN ('Tax', 'Fee', 'RIFee', 'SavingsPlanUpfrontFee')
  OR charge_period_end > charge_period_start + INTERVAL '1' DAY AS x_is_long,
  split_parent_id AS x_split_parent_id,
  CAST(COALESCE(split_used, 0) + COALESCE(split_unused, 0) AS DECIMAL(38, 10)) AS x_split_cost,
  CAST(COALESCE(split_net_used, split_used, 0) + COALESCE(split_net_unused, split_unused, 0) AS DECIMAL(38, 10)) AS x_net_split_cost
FROM amortized;

CREATE OR REPLACE VIEW line_items AS
-- The ledger.
SELECT
  *
FROM cur_line_items;

CREATE OR REPLACE VIEW resource_daily AS
-- Cost of each resource by day, tag set and kind of charge: the finest fact kept, and the source of every other mart.
WITH line_hours AS (
  SELECT
    *,
    CAST(charge_period_start AS DATE) AS charge_day,
    CASE
      WHEN x_is_long
      THEN 0
      WHEN charge_period_end >= charge_period_start + INTERVAL '1' DAY
      THEN 16777215
      ELSE BITWISE_LEFT_SHIFT(CAST(1 AS INTEGER), CAST(EXTRACT(HOUR FROM charge_period_start) AS INTEGER))
    END AS hour_bit
  FROM line_items
), grouped AS (
  SELECT
    billing_period_start,
    charge_day,
    billing_account_id,
    sub_account_id,
    region_id,
    x_service_code,
    charge_category,
    x_line_item_type,
    x_charge_type,
    pricing_category,
    x_usage_type,
    x_operation,
    pricing_unit,
    resource_id,
    tag_set_id,
    billing_currency,
    invoice_id,
    x_taggable,
    x_is_long,
    SUM(x_unblended_cost) AS x_unblended_cost,
    SUM(x_net_unblended_cost) AS x_net_unblended_cost,
    SUM(x_amortized_cost) AS x_amortized_cost,
    SUM(x_net_amortized_cost) AS x_net_amortized_cost,
    SUM(list_cost) AS list_cost,
    SUM(CAST(pricing_quantity AS DECIMAL(38, 10))) AS x_quantity,
    COUNT(*) AS line_items,
    COUNT(*) FILTER(WHERE
      x_unblended_cost <> 0 AND invoice_id IS NULL) AS unbilled_lines,
    BITWISE_OR_AGG(hour_bit) AS hours_mask,
    MIN(charge_period_start) AS first_charge,
    MAX(charge_period_end) AS last_charge
  FROM line_hours
  GROUP BY
    billing_period_start,
    charge_day,
    billing_account_id,
    sub_account_id,
    region_id,
    x_service_code,
    charge_category,
    x_line_item_type,
    x_charge_type,
    pricing_category,
    x_usage_type,
    x_operation,
    pricing_unit,
    resource_id,
    tag_set_id,
    billing_currency,
    invoice_id,
    x_taggable,
    x_is_long
)
SELECT
  SUBSTR(CAST(billing_period_start AS VARCHAR), 1, 7) AS billing_period,
  charge_day,
  billing_account_id,
  sub_account_id,
  region_id,
  x_service_code,
  charge_category,
  x_line_item_type,
  x_charge_type,
  pricing_category,
  x_usage_type,
  x_operation,
  pricing_unit,
  resource_id,
  tag_set_id,
  billing_currency,
  invoice_id,
  x_taggable,
  x_is_long,
  CAST(x_unblended_cost AS DECIMAL(38, 10)) AS x_unblended_cost,
  CAST(x_net_unblended_cost AS DECIMAL(38, 10)) AS x_net_unblended_cost,
  CAST(x_amortized_cost AS DECIMAL(38, 10)) AS x_amortized_cost,
  CAST(x_net_amortized_cost AS DECIMAL(38, 10)) AS x_net_amortized_cost,
  CAST(list_cost AS DECIMAL(38, 10)) AS list_cost,
  CAST(x_quantity AS DECIMAL(38, 10)) AS x_quantity,
  line_items,
  unbilled_lines,
  hours_mask,
  first_charge,
  last_charge
FROM grouped;

CREATE OR REPLACE VIEW split_cost_daily AS
-- Split cost allocation: how much of each instance's cost the containers of each tag set used, by day. Its sums say again what the instances cost: they are added to no other cost, they divide it.
WITH containers AS (
  SELECT
    SUBSTR(CAST(billing_period_start AS VARCHAR), 1, 7) AS billing_period,
    CAST(charge_period_start AS DATE) AS charge_day,
    billing_account_id,
    x_split_parent_id AS parent_resource_id,
    x_operation,
    tag_set_id,
    billing_currency,
    x_split_cost,
    x_net_split_cost
  FROM line_items
  WHERE
    NOT x_split_parent_id IS NULL
), grouped AS (
  SELECT
    billing_period,
    charge_day,
    billing_account_id,
    parent_resource_id,
    x_operation,
    tag_set_id,
    billing_currency,
    SUM(x_split_cost) AS x_split_cost,
    SUM(x_net_split_cost) AS x_net_split_cost,
    COUNT(*) AS line_items
  FROM containers
  GROUP BY
    billing_period,
    charge_day,
    billing_account_id,
    parent_resource_id,
    x_operation,
    tag_set_id,
    billing_currency
)
SELECT
  billing_period,
  charge_day,
  billing_account_id,
  parent_resource_id,
  x_operation,
  tag_set_id,
  billing_currency,
  CAST(x_split_cost AS DECIMAL(38, 10)) AS x_split_cost,
  CAST(x_net_split_cost AS DECIMAL(38, 10)) AS x_net_split_cost,
  line_items
FROM grouped;

CREATE OR REPLACE VIEW charges AS
-- Cost by kind of charge and invoice: what is held against an invoice or Cost Explorer.
SELECT
  billing_period,
  charge_day,
  billing_account_id,
  billing_currency,
  invoice_id,
  x_charge_type,
  x_service_code,
  CAST(SUM(x_unblended_cost) AS DECIMAL(38, 10)) AS x_unblended_cost,
  CAST(SUM(x_net_unblended_cost) AS DECIMAL(38, 10)) AS x_net_unblended_cost,
  CAST(SUM(x_amortized_cost) AS DECIMAL(38, 10)) AS x_amortized_cost,
  CAST(SUM(x_net_amortized_cost) AS DECIMAL(38, 10)) AS x_net_amortized_cost,
  CAST(SUM(list_cost) AS DECIMAL(38, 10)) AS list_cost,
  CAST(SUM(line_items) AS BIGINT) AS line_items
FROM resource_daily
GROUP BY
  billing_period,
  charge_day,
  billing_account_id,
  billing_currency,
  invoice_id,
  x_charge_type,
  x_service_code;

CREATE OR REPLACE VIEW daily_cost AS
-- Cost by day, account, region, service, kind of charge and tag set: what most questions are answered from.
SELECT
  billing_period,
  charge_day,
  billing_account_id,
  sub_account_id,
  region_id,
  x_service_code,
  charge_category,
  x_line_item_type,
  pricing_category,
  tag_set_id,
  billing_currency,
  x_taggable,
  x_is_long,
  CAST(SUM(x_unblended_cost) AS DECIMAL(38, 10)) AS x_unblended_cost,
  CAST(SUM(x_net_unblended_cost) AS DECIMAL(38, 10)) AS x_net_unblended_cost,
  CAST(SUM(x_amortized_cost) AS DECIMAL(38, 10)) AS x_amortized_cost,
  CAST(SUM(x_net_amortized_cost) AS DECIMAL(38, 10)) AS x_net_amortized_cost,
  CAST(SUM(list_cost) AS DECIMAL(38, 10)) AS list_cost,
  CAST(SUM(line_items) AS BIGINT) AS line_items,
  BITWISE_OR_AGG(hours_mask) AS hours_mask
FROM resource_daily
GROUP BY
  billing_period,
  charge_day,
  billing_account_id,
  sub_account_id,
  region_id,
  x_service_code,
  charge_category,
  x_line_item_type,
  pricing_category,
  tag_set_id,
  billing_currency,
  x_taggable,
  x_is_long;

CREATE OR REPLACE VIEW period_totals AS
-- What each billing period sums to by payer, currency and kind of charge, and how much of it is invoiced.
SELECT
  billing_period,
  billing_account_id,
  billing_currency,
  x_line_item_type,
  charge_category,
  CAST(SUM(x_unblended_cost) AS DECIMAL(38, 10)) AS x_unblended_cost,
  CAST(SUM(x_net_unblended_cost) AS DECIMAL(38, 10)) AS x_net_unblended_cost,
  CAST(SUM(x_amortized_cost) AS DECIMAL(38, 10)) AS x_amortized_cost,
  CAST(SUM(x_net_amortized_cost) AS DECIMAL(38, 10)) AS x_net_amortized_cost,
  CAST(SUM(list_cost) AS DECIMAL(38, 10)) AS list_cost,
  CAST(SUM(line_items) AS BIGINT) AS line_items,
  CAST(SUM(unbilled_lines) AS BIGINT) AS unbilled_lines,
  MIN(first_charge) AS first_charge,
  MAX(last_charge) FILTER(WHERE
    NOT x_is_long) AS last_charge
FROM resource_daily
GROUP BY
  billing_period,
  billing_account_id,
  billing_currency,
  x_line_item_type,
  charge_category;

CREATE OR REPLACE VIEW marts_tie_to_source AS
-- A mart that does not sum to the rows of the export, to the last decimal: the data must not be used.
WITH ledger AS (
  SELECT
    COUNT(*) AS line_items,
    SUM(x_unblended_cost) AS unblended,
    SUM(x_net_unblended_cost) AS net_unblended,
    SUM(x_amortized_cost) AS amortized,
    SUM(x_net_amortized_cost) AS net_amortized,
    SUM(list_cost) AS list
  FROM line_items
), containers /* few lines or none: apart, so that the others are not asked for them */ AS (
  SELECT
    SUM(x_split_cost) AS split,
    SUM(x_net_split_cost) AS net_split
  FROM line_items
  WHERE
    NOT x_split_parent_id IS NULL
), splits AS (
  SELECT
    SUM(x_split_cost) AS split,
    SUM(x_net_split_cost) AS net_split
  FROM split_cost_daily
), sums AS (
  SELECT
    'resource_daily' AS view,
    SUM(line_items) AS line_items,
    SUM(x_unblended_cost) AS unblended,
    SUM(x_net_unblended_cost) AS net_unblended,
    SUM(x_amortized_cost) AS amortized,
    SUM(x_net_amortized_cost) AS net_amortized,
    SUM(list_cost) AS list
  FROM resource_daily
  UNION ALL
  SELECT
    'daily_cost',
    SUM(line_items),
    SUM(x_unblended_cost),
    SUM(x_net_unblended_cost),
    SUM(x_amortized_cost),
    SUM(x_net_amortized_cost),
    SUM(list_cost)
  FROM daily_cost
  UNION ALL
  SELECT
    'period_totals',
    SUM(line_items),
    SUM(x_unblended_cost),
    SUM(x_net_unblended_cost),
    SUM(x_amortized_cost),
    SUM(x_net_amortized_cost),
    SUM(list_cost)
  FROM period_totals
  UNION ALL
  SELECT
    'charges',
    SUM(line_items),
    SUM(x_unblended_cost),
    SUM(x_net_unblended_cost),
    SUM(x_amortized_cost),
    SUM(x_net_amortized_cost),
    SUM(list_cost)
  FROM charges
), compared AS (
  SELECT
    'line_items' AS view,
    'rows' AS measure,
    CAST(source_totals.line_items AS DECIMAL(38, 10)) AS expected,
    CAST(ledger.line_items AS DECIMAL(38, 10)) AS found
  FROM source_totals
  CROSS JOIN ledger
  UNION ALL
  SELECT
    'line_items',
    'unblended',
    source_totals.unblended,
    ledger.unblended
  FROM source_totals
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'rows',
    ledger.line_items,
    sums.line_items
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'unblended',
    ledger.unblended,
    sums.unblended
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'net_unblended',
    ledger.net_unblended,
    sums.net_unblended
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'amortized',
    ledger.amortized,
    sums.amortized
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'net_amortized',
    ledger.net_amortized,
    sums.net_amortized
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    sums.view,
    'list',
    ledger.list,
    sums.list
  FROM sums
  CROSS JOIN ledger
  UNION ALL
  SELECT
    'split_cost_daily',
    'split',
    containers.split,
    splits.split
  FROM splits
  CROSS JOIN containers
  UNION ALL
  SELECT
    'split_cost_daily',
    'net_split',
    containers.net_split,
    splits.net_split
  FROM splits
  CROSS JOIN containers
)
SELECT
  view,
  measure,
  expected,
  found
FROM compared
WHERE
  COALESCE(expected, 0) <> COALESCE(found, 0);
