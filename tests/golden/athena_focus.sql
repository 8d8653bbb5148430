CREATE OR REPLACE VIEW focus_rows AS
-- The rows of the export: edit this view where your table differs.
SELECT
  FROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("tags", "x_costcategories") AS JSON))))) AS tag_set_id,
  CAST(NULLIF("billingaccountid", '') AS VARCHAR) AS billing_account_id,
  CAST(NULLIF("subaccountid", '') AS VARCHAR) AS sub_account_id,
  CAST(NULLIF("availabilityzone", '') AS VARCHAR) AS availability_zone,
  CAST(NULLIF("billingcurrency", '') AS VARCHAR) AS billing_currency,
  CAST(NULLIF("chargecategory", '') AS VARCHAR) AS charge_category,
  CAST(NULLIF("chargeclass", '') AS VARCHAR) AS charge_class,
  CAST(NULLIF("chargedescription", '') AS VARCHAR) AS charge_description,
  CAST(NULLIF("chargefrequency", '') AS VARCHAR) AS charge_frequency,
  CAST(NULLIF("commitmentdiscountid", '') AS VARCHAR) AS commitment_discount_id,
  CAST(NULLIF("commitmentdiscountstatus", '') AS VARCHAR) AS commitment_discount_status,
  CAST(NULLIF("invoiceid", '') AS VARCHAR) AS invoice_id,
  CAST(NULLIF("pricingcategory", '') AS VARCHAR) AS pricing_category,
  CAST(NULLIF("pricingunit", '') AS VARCHAR) AS pricing_unit,
  CAST(NULLIF("publishername", '') AS VARCHAR) AS publisher_name,
  CAST(NULLIF("regionid", '') AS VARCHAR) AS region_id,
  CAST(NULLIF("resourceid", '') AS VARCHAR) AS resource_id,
  CAST(NULLIF("servicename", '') AS VARCHAR) AS service_name,
  CAST(NULLIF("x_servicecode", '') AS VARCHAR) AS x_service_code,
  CAST(NULLIF("x_usagetype", '') AS VARCHAR) AS x_usage_type,
  CAST(NULLIF("x_operation", '') AS VARCHAR) AS x_operation,
  CAST("billingperiodstart" AS TIMESTAMP) AS billing_period_start,
  CAST("chargeperiodstart" AS TIMESTAMP) AS charge_period_start,
  CAST("chargeperiodend" AS TIMESTAMP) AS charge_period_end,
  CAST("billedcost" AS DECIMAL(38, 10)) AS billed_cost,
  CAST("effectivecost" AS DECIMAL(38, 10)) AS effective_cost,
  CAST("listcost" AS DECIMAL(38, 10)) AS list_cost,
  CAST("pricingquantity" AS DOUBLE) AS pricing_quantity
FROM billing.export;

CREATE OR REPLACE VIEW source_totals AS
-- What every view must sum to.
SELECT
  COUNT(*) AS line_items,
  SUM(CAST("billedcost" AS DECIMAL(38, 10))) AS unblended,
  COUNT(*) FILTER(WHERE
    "billedcost" IS NULL) AS blank_costs,
  COUNT(*) FILTER(WHERE
    "chargeperiodstart" IS NULL) AS blank_starts,
  COUNT(*) FILTER(WHERE
    COALESCE(
      ABS("billedcost" * 1e10 - ROUND("billedcost" * 1e10)) > 0.01 + ABS("billedcost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS("effectivecost" * 1e10 - ROUND("effectivecost" * 1e10)) > 0.01 + ABS("effectivecost") * 4e-6,
      FALSE
    )
    OR COALESCE(
      ABS("listcost" * 1e10 - ROUND("listcost" * 1e10)) > 0.01 + ABS("listcost") * 4e-6,
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
    FROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("tags", "x_costcategories") AS JSON))))) AS tag_set_id,
    tags,
    x_costcategories
  FROM billing.export
)
CROSS JOIN UNNEST(tags) AS label(key, value)
UNION ALL
SELECT DISTINCT
  tag_set_id,
  'cost_category' AS source,
  label.key,
  label.value
FROM (
  SELECT DISTINCT
    FROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8(JSON_FORMAT(CAST(ROW("tags", "x_costcategories") AS JSON))))) AS tag_set_id,
    tags,
    x_costcategories
  FROM billing.export
)
CROSS JOIN UNNEST(x_costcategories) AS label(key, value);

CREATE OR REPLACE VIEW service_codes AS
-- AWS service codes by name.
SELECT
  *
FROM (VALUES
  ('Amazon Elastic Compute Cloud', 'AmazonEC2'),
  ('Amazon Elastic Compute Cloud - Compute', 'AmazonEC2'),
  ('Amazon EC2', 'AmazonEC2'),
  ('EC2 - Other', 'AmazonEC2'),
  ('Amazon Simple Storage Service', 'AmazonS3'),
  ('Amazon Glacier', 'AmazonGlacier'),
  ('Amazon S3 Glacier Deep Archive', 'AmazonS3GlacierDeepArchive'),
  ('Amazon Relational Database Service', 'AmazonRDS'),
  ('Amazon ElastiCache', 'AmazonElastiCache'),
  ('Amazon DynamoDB', 'AmazonDynamoDB'),
  ('Amazon DynamoDB Accelerator (DAX)', 'AmazonDAX'),
  ('Amazon Redshift', 'AmazonRedshift'),
  ('Amazon OpenSearch Service', 'AmazonES'),
  ('Amazon Elasticsearch Service', 'AmazonES'),
  ('Amazon DocumentDB (with MongoDB compatibility)', 'AmazonDocDB'),
  ('Amazon Neptune', 'AmazonNeptune'),
  ('Amazon MemoryDB', 'AmazonMemoryDB'),
  ('Amazon Keyspaces (for Apache Cassandra)', 'AmazonMCS'),
  ('Amazon Timestream', 'AmazonTimestream'),
  ('Amazon Elastic Container Service', 'AmazonECS'),
  ('Amazon Elastic Container Service for Kubernetes', 'AmazonEKS'),
  ('Amazon Elastic Kubernetes Service', 'AmazonEKS'),
  ('Amazon EC2 Container Registry (ECR)', 'AmazonECR'),
  ('Amazon Elastic Container Registry Public', 'AmazonECRPublic'),
  ('AWS Lambda', 'AWSLambda'),
  ('AWS Batch', 'AWSBatch'),
  ('AWS App Runner', 'AWSAppRunner'),
  ('Amazon Lightsail', 'AmazonLightsail'),
  ('Amazon Elastic MapReduce', 'ElasticMapReduce'),
  ('Amazon EMR', 'ElasticMapReduce'),
  ('AWS Glue', 'AWSGlue'),
  ('Amazon Athena', 'AmazonAthena'),
  ('Amazon Kinesis', 'AmazonKinesis'),
  ('Amazon Data Firehose', 'AmazonKinesisFirehose'),
  ('Amazon Kinesis Firehose', 'AmazonKinesisFirehose'),
  ('Amazon Kinesis Analytics', 'AmazonKinesisAnalytics'),
  ('Amazon Managed Streaming for Apache Kafka', 'AmazonMSK'),
  ('Amazon Managed Workflows for Apache Airflow', 'AmazonMWAA'),
  ('AWS Lake Formation', 'AWSLakeFormation'),
  ('Amazon QuickSight', 'AmazonQuickSight'),
  ('Amazon SageMaker', 'AmazonSageMaker'),
  ('Amazon Bedrock', 'AmazonBedrock'),
  ('Amazon Textract', 'AmazonTextract'),
  ('Amazon Rekognition', 'AmazonRekognition'),
  ('Amazon Comprehend', 'comprehend'),
  ('Amazon Polly', 'AmazonPolly'),
  ('Amazon Transcribe', 'transcribe'),
  ('Amazon Translate', 'translate'),
  ('Amazon Lex', 'AmazonLex'),
  ('Amazon CloudFront', 'AmazonCloudFront'),
  ('Amazon Route 53', 'AmazonRoute53'),
  ('Amazon Registrar', 'AmazonRegistrar'),
  ('Amazon API Gateway', 'AmazonApiGateway'),
  ('Elastic Load Balancing', 'AWSELB'),
  ('Amazon Virtual Private Cloud', 'AmazonVPC'),
  ('AWS Direct Connect', 'AWSDirectConnect'),
  ('AWS Global Accelerator', 'AWSGlobalAccelerator'),
  ('AWS Data Transfer', 'AWSDataTransfer'),
  ('AWS Transfer Family', 'AWSTransfer'),
  ('AWS DataSync', 'AWSDataSync'),
  ('Amazon Elastic File System', 'AmazonEFS'),
  ('Amazon FSx', 'AmazonFSx'),
  ('AWS Backup', 'AWSBackup'),
  ('AWS Storage Gateway', 'AWSStorageGateway'),
  ('AmazonCloudWatch', 'AmazonCloudWatch'),
  ('Amazon CloudWatch', 'AmazonCloudWatch'),
  ('CloudWatch Events', 'AWSEvents'),
  ('Amazon EventBridge', 'AWSEvents'),
  ('AWS CloudTrail', 'AWSCloudTrail'),
  ('AWS Config', 'AWSConfig'),
  ('AWS X-Ray', 'AWSXRay'),
  ('AWS Systems Manager', 'AWSSystemsManager'),
  ('AWS CloudFormation', 'AWSCloudFormation'),
  ('AWS Service Catalog', 'AWSServiceCatalog'),
  ('AWS Step Functions', 'AmazonStates'),
  ('Amazon Simple Queue Service', 'AWSQueueService'),
  ('Amazon Simple Notification Service', 'AmazonSNS'),
  ('Amazon Simple Email Service', 'AmazonSES'),
  ('Amazon MQ', 'AmazonMQ'),
  ('AWS AppSync', 'AWSAppSync'),
  ('Amazon Simple Workflow Service', 'AmazonSWF'),
  ('AWS Key Management Service', 'awskms'),
  ('AWS Secrets Manager', 'AWSSecretsManager'),
  ('AWS Certificate Manager', 'AWSCertificateManager'),
  ('AWS WAF', 'awswaf'),
  ('AWS Shield', 'AWSShield'),
  ('AWS Network Firewall', 'AWSNetworkFirewall'),
  ('AWS Security Hub', 'AWSSecurityHub'),
  ('Amazon GuardDuty', 'AmazonGuardDuty'),
  ('Amazon Inspector', 'AmazonInspectorV2'),
  ('Amazon Macie', 'AmazonMacie'),
  ('Amazon Detective', 'AmazonDetective'),
  ('Amazon Cognito', 'AmazonCognito'),
  ('AWS Directory Service', 'AWSDirectoryService'),
  ('AWS Cost Explorer', 'AWSCostExplorer'),
  ('AWS Budgets', 'AWSBudgets'),
  ('AWS CodeBuild', 'CodeBuild'),
  ('AWS CodePipeline', 'AWSCodePipeline'),
  ('AWS CodeCommit', 'AWSCodeCommit'),
  ('AWS CodeDeploy', 'AWSCodeDeploy'),
  ('AWS CodeArtifact', 'AWSCodeArtifact'),
  ('Amazon WorkSpaces', 'AmazonWorkSpaces'),
  ('Amazon Connect', 'AmazonConnect'),
  ('Amazon Pinpoint', 'AmazonPinpoint'),
  ('AWS Amplify', 'AWSAmplify'),
  ('AWS IoT', 'AWSIoT'),
  ('AWS Database Migration Service', 'AWSDatabaseMigrationSvc'),
  ('AWS Support (Business)', 'AWSSupportBusiness'),
  ('AWS Support (Developer)', 'AWSDeveloperSupport'),
  ('AWS Support (Enterprise)', 'AWSSupportEnterprise'),
  ('Savings Plans for AWS Compute usage', 'ComputeSavingsPlans'),
  ('Savings Plans for AWS Machine Learning', 'MachineLearningSavingsPlans'),
  ('Savings Plans for AWS Database usage', 'DatabaseSavingsPlans'),
  ('Amazon Elastic Load Balancing', 'AWSELB'),
  ('Amazon Elastic Container Registry', 'AmazonECR'),
  ('Amazon Managed Service for Apache Flink', 'AmazonKinesisAnalytics'),
  ('Amazon Managed Grafana', 'AmazonGrafana'),
  ('Amazon Managed Service for Prometheus', 'AmazonPrometheus'),
  ('Amazon S3 Glacier', 'AmazonGlacier'),
  ('Savings Plans for AWS SageMaker usage', 'MachineLearningSavingsPlans')
) AS rows(service_name, x_service_code);

CREATE OR REPLACE VIEW focus AS
-- One charge of a FOCUS 1.0 or 1.2 export under its snake_case name, typed, nothing else.
WITH charges AS (
  SELECT
    focus_rows.*,
    service_codes.x_service_code AS known_service_code
  FROM focus_rows
  LEFT JOIN service_codes
    ON focus_rows.service_name = service_codes.service_name
)
SELECT
  tag_set_id,
  billing_account_id,
  sub_account_id,
  billing_period_start,
  charge_period_start,
  COALESCE(charge_period_end, charge_period_start) AS charge_period_end,
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
  COALESCE(x_service_code, known_service_code, service_name) AS x_service_code,
  region_id,
  availability_zone,
  resource_id,
  pricing_quantity,
  pricing_unit,
  x_usage_type,
  x_operation,
  CAST(NULL AS VARCHAR) AS x_instance_type,
  billed_cost,
  effective_cost,
  list_cost
FROM charges;

CREATE OR REPLACE VIEW focus_line_items AS
-- The ledger from a FOCUS export: each charge with the five cost metrics; discounts and negation are inside its rows.
SELECT
  tag_set_id,
  billing_account_id,
  sub_account_id,
  billing_period_start,
  charge_period_start,
  charge_period_end,
  billing_currency,
  invoice_id,
  COALESCE(charge_category, '(unclassified)') AS charge_category,
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
  billed_cost AS x_unblended_cost,
  billed_cost AS x_net_unblended_cost,
  effective_cost AS x_amortized_cost,
  effective_cost AS x_net_amortized_cost,
  CAST(NULL AS VARCHAR) AS x_line_item_type,
  x_service_code,
  x_usage_type,
  x_operation,
  CAST(NULL AS VARCHAR) AS x_billing_entity,
  x_instance_type,
  CASE
    WHEN charge_category = 'Tax'
    THEN 'tax'
    WHEN charge_category = 'Credit'
    THEN 'credit'
    WHEN charge_class = 'Correction'
    THEN 'refund'
    WHEN publisher_name NOT LIKE 'Amazon%' AND publisher_name NOT LIKE 'AWS%'
    THEN 'marketplace'
    WHEN x_service_code LIKE 'AWS%Support%'
    THEN 'support'
    WHEN charge_category = 'Purchase'
    AND NOT commitment_discount_id IS NULL
    AND charge_frequency = 'One-Time'
    THEN 'upfront'
    WHEN charge_category = 'Purchase' AND NOT commitment_discount_id IS NULL
    THEN 'commitment fee'
    WHEN charge_category = 'Purchase'
    THEN 'fee'
    WHEN charge_category = 'Usage'
    THEN 'usage'
    ELSE '(unclassified)'
  END AS x_charge_type,
  COALESCE(charge_category, '') /* a charge without a category is no usage and no purchase, and either way it is counted */ = 'Usage'
  AND COALESCE(charge_class, '') <> 'Correction'
  AND COALESCE(commitment_discount_status, '') <> 'Unused'
  AND NOT resource_id IS NULL AS x_taggable,
  COALESCE(charge_category, '') IN ('Tax', 'Purchase')
  OR charge_period_end > charge_period_start + INTERVAL '1' DAY AS x_is_long,
  CAST(NULL AS VARCHAR) AS x_split_parent_id,
  CAST(NULL AS DECIMAL(38, 10)) AS x_split_cost,
  CAST(NULL AS DECIMAL(38, 10)) AS x_net_split_cost
FROM focus;

CREATE OR REPLACE VIEW line_items AS
-- The ledger.
SELECT
  *
FROM focus_line_items;

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
