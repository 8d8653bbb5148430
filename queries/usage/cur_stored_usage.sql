-- What each resource stores, and what was done with it, in a window of days: what lifecycle advice is measured on.
-- grain: x_service_code, sub_account_id, region_id, resource_id, x_usage_type, x_operation
-- inputs: cur, storage_kinds, advice_window
-- columns:
--   x_service_code: AWS product code
--   sub_account_id: the account that used it
--   region_id: region code
--   resource_id: bucket name, volume id, log group ARN, ...; null where the bill names none
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   measure: what the quantity is of, see storage_kinds
--   storage_class: S3 storage class or volume type it is about, blank where it is about none
--   quantity: amount in the window, in the unit of the usage type
--   held_quantity: of storage, whose quantity is GB-months: GB times the days they were held in the window
--   cost: unblended cost in the window
--   first_quantity: quantity on the first 30 loaded days
--   first_held_quantity: held_quantity on the first 30 loaded days
--   all_quantity: quantity on all loaded days
--   first_day: first loaded day with any of it
--   last_day: last loaded day with any of it
--   longest_hours: length of the longest line in hours; above 24 the days are not known
with
usage_rows as (
    select
        x_service_code,
        sub_account_id,
        region_id,
        resource_id,
        x_usage_type,
        x_operation,
        cast(charge_period_start as date) as charge_day,
        cast(pricing_quantity as decimal(38, 10)) as quantity,
        extract('day' from last_day(cast(charge_period_start as date))) as days_of_month,
        unblended,
        date_diff('second', charge_period_start, charge_period_end) / 3600.0 as length_hours
    from cur
    where x_line_item_type = 'Usage' and pricing_quantity > 0
),

-- the patterns are held against each kind of usage once, not against each row
kinds as (
    select distinct x_service_code, x_usage_type, x_operation from usage_rows
),

known as (
    select
        kinds.x_service_code,
        kinds.x_usage_type,
        kinds.x_operation,
        storage_kinds.measure,
        storage_kinds.storage_class
    from kinds
    inner join storage_kinds
        on kinds.x_service_code = storage_kinds.service_code
        and regexp_full_match(
            regexp_replace(kinds.x_usage_type, '^([A-Z]{2,3}[0-9]|EU)-', ''), storage_kinds.usage_types
        )
        and regexp_full_match(coalesce(kinds.x_operation, ''), storage_kinds.operations)
),

placed as (
    select
        usage_rows.*,
        known.measure,
        known.storage_class,
        usage_rows.charge_day >= cast(advice_window.first_day as date) as in_window,
        usage_rows.charge_day < cast(advice_window.first_end_day as date) as in_first
    from usage_rows
    inner join known
        on usage_rows.x_service_code = known.x_service_code
        and usage_rows.x_usage_type = known.x_usage_type
        and coalesce(usage_rows.x_operation, '') = coalesce(known.x_operation, '')
    cross join advice_window
    where usage_rows.charge_day < cast(advice_window.end_day as date)
)

select
    x_service_code,
    sub_account_id,
    region_id,
    resource_id,
    x_usage_type,
    x_operation,
    measure,
    storage_class,
    cast(coalesce(sum(quantity) filter (where in_window), 0) as decimal(38, 10)) as quantity,
    cast(coalesce(sum(quantity * days_of_month) filter (where in_window), 0) as decimal(38, 10)) as held_quantity,
    cast(coalesce(sum(unblended) filter (where in_window), 0) as decimal(38, 10)) as cost,
    cast(coalesce(sum(quantity) filter (where in_first), 0) as decimal(38, 10)) as first_quantity,
    cast(coalesce(sum(quantity * days_of_month) filter (where in_first), 0) as decimal(38, 10)) as first_held_quantity,
    cast(sum(quantity) as decimal(38, 10)) as all_quantity,
    min(charge_day) as first_day,
    max(charge_day) as last_day,
    max(cast(length_hours as double)) as longest_hours
from placed
group by
    x_service_code, sub_account_id, region_id, resource_id, x_usage_type, x_operation, measure, storage_class
