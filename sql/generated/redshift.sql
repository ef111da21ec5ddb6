-- Written by `npx tsx scripts/generate-sql.ts` from definitions/ and sql/; not to be edited.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE SCHEMA IF NOT EXISTS speed;

CREATE SCHEMA IF NOT EXISTS batch_blue;

CREATE SCHEMA IF NOT EXISTS batch_green;

CREATE SCHEMA IF NOT EXISTS analytics;

CREATE TABLE IF NOT EXISTS ledger."mutex" (
  "id" INTEGER NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."model" (
  "model_version" VARCHAR(12) NOT NULL,
  "serving_version" VARCHAR(12) NOT NULL,
  "line_up" VARCHAR(64) NOT NULL,
  "revision" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."definition" (
  "line_up" VARCHAR(64) NOT NULL,
  "metric" VARCHAR(40) NOT NULL,
  "metric_version" VARCHAR(12) NOT NULL,
  "definition" VARCHAR(65535) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."speed_position" (
  "shard_id" VARCHAR(128) NOT NULL,
  "position" VARCHAR(64) NOT NULL,
  "revision" BIGINT NOT NULL,
  "line_up" VARCHAR(64) NOT NULL,
  "cuts" VARCHAR(65535) NOT NULL,
  "exclusions" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."speed_edge" (
  "shard_id" VARCHAR(128) NOT NULL,
  "edge" VARCHAR(64) NOT NULL,
  "line_up" VARCHAR(64) NOT NULL,
  "committed_at" TIMESTAMP NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("shard_id", "edge");

CREATE TABLE IF NOT EXISTS ledger."exclusion" (
  "exclusion_id" BIGINT NOT NULL,
  "request_id" VARCHAR(64) NOT NULL,
  "event_type" VARCHAR(256) NOT NULL,
  "definition" VARCHAR(65535) NOT NULL,
  "reason" VARCHAR(4096) NOT NULL,
  "made_by" VARCHAR(512) NOT NULL,
  "made_at" TIMESTAMP NOT NULL,
  "undone_revision" BIGINT NOT NULL,
  "undone_reason" VARCHAR(4096) NOT NULL,
  "undone_by" VARCHAR(512) NOT NULL,
  "undone_at" TIMESTAMP NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."exclusion_revision" (
  "revision" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."exclusion_edge" (
  "shard_id" VARCHAR(128) NOT NULL,
  "edge" VARCHAR(64) NOT NULL,
  "revision" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."metric_edge" (
  "metric" VARCHAR(40) NOT NULL,
  "metric_version" VARCHAR(12) NOT NULL,
  "shard_id" VARCHAR(128) NOT NULL,
  "edge" VARCHAR(64) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."dataset" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "base_dataset_id" VARCHAR(64) NOT NULL,
  "kind" VARCHAR(16) NOT NULL,
  "model_version" VARCHAR(12) NOT NULL,
  "exclusions" BIGINT NOT NULL,
  "state" VARCHAR(16) NOT NULL,
  "step" VARCHAR(32) NOT NULL,
  "reason" VARCHAR(4096) NOT NULL,
  "sealed_at" TIMESTAMP NOT NULL,
  "updated_at" TIMESTAMP NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."mark" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "shard_id" VARCHAR(128) NOT NULL,
  "mark" VARCHAR(64) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."dataset_metric" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "metric" VARCHAR(40) NOT NULL,
  "metric_version" VARCHAR(12) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."control" (
  "live_dataset_id" VARCHAR(64) NOT NULL,
  "blue_dataset_id" VARCHAR(64) NOT NULL,
  "blue_state" VARCHAR(16) NOT NULL,
  "green_dataset_id" VARCHAR(64) NOT NULL,
  "green_state" VARCHAR(16) NOT NULL,
  "revision" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."limit_watch" (
  "limit_name" VARCHAR(40) NOT NULL,
  "since" TIMESTAMP NOT NULL,
  "revision" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."limit_crossing" (
  "limit_name" VARCHAR(40) NOT NULL,
  "period" TIMESTAMP NOT NULL,
  "limit_key" VARCHAR(256) NOT NULL,
  "threshold" INTEGER NOT NULL,
  "number" INTEGER NOT NULL,
  "value" VARCHAR(40) NOT NULL,
  "at_most" VARCHAR(40),
  "dataset_id" VARCHAR(64) NOT NULL,
  "found_at" TIMESTAMP NOT NULL,
  "revision" BIGINT NOT NULL,
  "place" BIGINT NOT NULL,
  "definition" VARCHAR(65535) NOT NULL,
  "told" INTEGER NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("limit_name", "period");

CREATE TABLE IF NOT EXISTS ledger."pruned" (
  "shard_id" VARCHAR(128) NOT NULL,
  "pruned_to" VARCHAR(64) NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."replay_output" (
  "output_id" VARCHAR(64) NOT NULL,
  "name" VARCHAR(40) NOT NULL,
  "shard_id" VARCHAR(128) NOT NULL,
  "replayed_from" VARCHAR(64) NOT NULL,
  "replayed_to" VARCHAR(64) NOT NULL,
  "reached" VARCHAR(64) NOT NULL,
  "line_up" VARCHAR(64) NOT NULL,
  "exclusions" BIGINT NOT NULL,
  "begun_at" TIMESTAMP NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."parity" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "metric" VARCHAR(40) NOT NULL,
  "rows_served" BIGINT NOT NULL,
  "rows_built" BIGINT NOT NULL,
  "rows_missing" BIGINT NOT NULL,
  "rows_extra" BIGINT NOT NULL,
  "rows_changed" BIGINT NOT NULL,
  "buckets_differing" BIGINT NOT NULL
)
DISTSTYLE ALL;

CREATE TABLE IF NOT EXISTS ledger."parity_bucket" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "metric" VARCHAR(40) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "rows_missing" BIGINT NOT NULL,
  "rows_extra" BIGINT NOT NULL,
  "rows_changed" BIGINT NOT NULL,
  "served_value" VARCHAR(40),
  "built_value" VARCHAR(40),
  "reasons" VARCHAR(64) NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("dataset_id", "metric");

CREATE TABLE IF NOT EXISTS speed."rows" (
  "metric" VARCHAR(40) NOT NULL,
  "metric_version" VARCHAR(12) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "dim_1" VARCHAR(256),
  "dim_2" VARCHAR(256),
  "dim_3" VARCHAR(256),
  "dim_4" VARCHAR(256),
  "dim_5" VARCHAR(256),
  "dim_6" VARCHAR(256),
  "dim_7" VARCHAR(256),
  "dim_8" VARCHAR(256),
  "component" VARCHAR(256) NOT NULL,
  "value" BIGINT NOT NULL,
  "body" VARCHAR(65535),
  "shard_id" VARCHAR(128) NOT NULL,
  "sequence_number" VARCHAR(64) NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("metric", "metric_version", "bucket");

CREATE TABLE IF NOT EXISTS speed."replayed" (
  "output_id" VARCHAR(64) NOT NULL,
  "metric" VARCHAR(40) NOT NULL,
  "metric_version" VARCHAR(12) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "dim_1" VARCHAR(256),
  "dim_2" VARCHAR(256),
  "dim_3" VARCHAR(256),
  "dim_4" VARCHAR(256),
  "dim_5" VARCHAR(256),
  "dim_6" VARCHAR(256),
  "dim_7" VARCHAR(256),
  "dim_8" VARCHAR(256),
  "component" VARCHAR(256) NOT NULL,
  "value" BIGINT NOT NULL,
  "body" VARCHAR(65535),
  "shard_id" VARCHAR(128) NOT NULL,
  "sequence_number" VARCHAR(64) NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("output_id", "shard_id", "sequence_number");

CREATE TABLE IF NOT EXISTS batch_blue."aircraft_1fd8fb9167d9" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "origin" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_green."aircraft_1fd8fb9167d9" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "origin" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_blue."arrival_delay_minutes_99ed1be3b0c5" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "carrier" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_green."arrival_delay_minutes_99ed1be3b0c5" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "carrier" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_blue."departures_aa337f1f75d0" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "carrier" VARCHAR(256),
  "origin" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_green."departures_aa337f1f75d0" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "carrier" VARCHAR(256),
  "origin" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_blue."rejected_d0b46241b138" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "reason" VARCHAR(256),
  "event_type" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

CREATE TABLE IF NOT EXISTS batch_green."rejected_d0b46241b138" (
  "dataset_id" VARCHAR(64) NOT NULL,
  "bucket" TIMESTAMP NOT NULL,
  "reason" VARCHAR(256),
  "event_type" VARCHAR(256),
  "component" VARCHAR(16) NOT NULL,
  "value" BIGINT NOT NULL
)
DISTSTYLE EVEN
SORTKEY ("bucket");

INSERT INTO ledger.mutex (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ledger.mutex);

INSERT INTO ledger.exclusion_revision (revision) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.exclusion_revision);

INSERT INTO ledger.model (model_version, serving_version, line_up, revision) SELECT '', '', '', 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.model);

INSERT INTO ledger.control (live_dataset_id, blue_dataset_id, blue_state, green_dataset_id, green_state, revision)
SELECT '', '', 'empty', '', 'empty', 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.control);

DROP VIEW IF EXISTS analytics."aircraft";

CREATE VIEW analytics."aircraft" AS
SELECT cells.bucket, cells."origin", CAST(cells.value AS BIGINT) AS value, cells.exact FROM (
  SELECT bucket, "origin",
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN state_4 ELSE CAST(ROUND(11817.000968551936 * state_2 / (-0.370393911 * (16384 - state_2) + 0.070471823 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 1) + 0.17393686 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 2) + 0.16339839 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 3) + -0.09237745 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 4) + 0.03738027 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 5) + -0.005384159 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 6) + 0.00042419 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 7) + (16384 - state_2) + state_3)) AS BIGINT) END AS value,
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN TRUE ELSE FALSE END AS exact, state_0
  FROM (
    SELECT bucket, "origin", MAX(CASE WHEN component = 'exact' THEN value END) AS state_4, MAX(state_1) AS state_1, SUM(state_0) AS state_0, SUM(CASE WHEN component LIKE 'r%' THEN 1 ELSE 0 END) AS state_2, SUM(CASE WHEN component LIKE 'r%' THEN POWER(CAST(2 AS DOUBLE PRECISION), -value) ELSE 0 END) AS state_3 FROM (
      SELECT bucket, "origin", component, MAX(value) AS value, MAX(CASE WHEN layer = 'speed' THEN 1 ELSE 0 END) AS state_1,
      SUM(CASE WHEN layer = 'speed' AND component = 'seen' THEN value ELSE 0 END) AS state_0
      FROM (
        SELECT layer, bucket AS bucket, "origin", component, value FROM (
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_blue."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_green."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "origin", r.component, r.value
          FROM speed.rows r
          CROSS JOIN ledger.control c
          LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
          WHERE r.metric = 'aircraft' AND r.metric_version = '1fd8fb9167d9'
          AND (m.mark IS NULL OR r.sequence_number > m.mark)
        ) states
      ) selected
      WHERE component NOT LIKE 'exact%' OR component = 'exact'
      GROUP BY bucket, "origin", component
    ) merged
    GROUP BY bucket, "origin"
  ) counted WHERE state_2 > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'aircraft' AND e.metric_version = '1fd8fb9167d9' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'aircraft changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."aircraft_week";

CREATE VIEW analytics."aircraft_week" AS
SELECT cells.bucket, cells."origin", CAST(cells.value AS BIGINT) AS value, cells.exact FROM (
  SELECT bucket, "origin",
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN state_4 ELSE CAST(ROUND(11817.000968551936 * state_2 / (-0.370393911 * (16384 - state_2) + 0.070471823 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 1) + 0.17393686 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 2) + 0.16339839 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 3) + -0.09237745 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 4) + 0.03738027 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 5) + -0.005384159 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 6) + 0.00042419 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 7) + (16384 - state_2) + state_3)) AS BIGINT) END AS value,
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN TRUE ELSE FALSE END AS exact, state_0
  FROM (
    SELECT bucket, "origin", CAST(NULL AS BIGINT) AS state_4, MAX(state_1) AS state_1, SUM(state_0) AS state_0, SUM(CASE WHEN component LIKE 'r%' THEN 1 ELSE 0 END) AS state_2, SUM(CASE WHEN component LIKE 'r%' THEN POWER(CAST(2 AS DOUBLE PRECISION), -value) ELSE 0 END) AS state_3 FROM (
      SELECT bucket, "origin", component, MAX(value) AS value, MAX(CASE WHEN layer = 'speed' THEN 1 ELSE 0 END) AS state_1,
      SUM(CASE WHEN layer = 'speed' AND component = 'seen' THEN value ELSE 0 END) AS state_0
      FROM (
        SELECT layer, DATE_TRUNC('week', bucket) AS bucket, "origin", component, value FROM (
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_blue."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_green."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "origin", r.component, r.value
          FROM speed.rows r
          CROSS JOIN ledger.control c
          LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
          WHERE r.metric = 'aircraft' AND r.metric_version = '1fd8fb9167d9'
          AND (m.mark IS NULL OR r.sequence_number > m.mark)
        ) states
      ) selected
      WHERE component NOT LIKE 'exact%'
      GROUP BY bucket, "origin", component
    ) merged
    GROUP BY bucket, "origin"
  ) counted WHERE state_2 > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'aircraft' AND e.metric_version = '1fd8fb9167d9' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'aircraft changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."aircraft_month";

CREATE VIEW analytics."aircraft_month" AS
SELECT cells.bucket, cells."origin", CAST(cells.value AS BIGINT) AS value, cells.exact FROM (
  SELECT bucket, "origin",
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN state_4 ELSE CAST(ROUND(11817.000968551936 * state_2 / (-0.370393911 * (16384 - state_2) + 0.070471823 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 1) + 0.17393686 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 2) + 0.16339839 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 3) + -0.09237745 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 4) + 0.03738027 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 5) + -0.005384159 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 6) + 0.00042419 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 7) + (16384 - state_2) + state_3)) AS BIGINT) END AS value,
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN TRUE ELSE FALSE END AS exact, state_0
  FROM (
    SELECT bucket, "origin", CAST(NULL AS BIGINT) AS state_4, MAX(state_1) AS state_1, SUM(state_0) AS state_0, SUM(CASE WHEN component LIKE 'r%' THEN 1 ELSE 0 END) AS state_2, SUM(CASE WHEN component LIKE 'r%' THEN POWER(CAST(2 AS DOUBLE PRECISION), -value) ELSE 0 END) AS state_3 FROM (
      SELECT bucket, "origin", component, MAX(value) AS value, MAX(CASE WHEN layer = 'speed' THEN 1 ELSE 0 END) AS state_1,
      SUM(CASE WHEN layer = 'speed' AND component = 'seen' THEN value ELSE 0 END) AS state_0
      FROM (
        SELECT layer, DATE_TRUNC('month', bucket) AS bucket, "origin", component, value FROM (
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_blue."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_green."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "origin", r.component, r.value
          FROM speed.rows r
          CROSS JOIN ledger.control c
          LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
          WHERE r.metric = 'aircraft' AND r.metric_version = '1fd8fb9167d9'
          AND (m.mark IS NULL OR r.sequence_number > m.mark)
        ) states
      ) selected
      WHERE component NOT LIKE 'exact%'
      GROUP BY bucket, "origin", component
    ) merged
    GROUP BY bucket, "origin"
  ) counted WHERE state_2 > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'aircraft' AND e.metric_version = '1fd8fb9167d9' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'aircraft changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."aircraft_year";

CREATE VIEW analytics."aircraft_year" AS
SELECT cells.bucket, cells."origin", CAST(cells.value AS BIGINT) AS value, cells.exact FROM (
  SELECT bucket, "origin",
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN state_4 ELSE CAST(ROUND(11817.000968551936 * state_2 / (-0.370393911 * (16384 - state_2) + 0.070471823 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 1) + 0.17393686 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 2) + 0.16339839 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 3) + -0.09237745 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 4) + 0.03738027 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 5) + -0.005384159 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 6) + 0.00042419 * POWER(LN(CAST((16384 - state_2) + 1 AS DOUBLE PRECISION)), 7) + (16384 - state_2) + state_3)) AS BIGINT) END AS value,
  CASE WHEN state_1 = 0 AND state_4 IS NOT NULL THEN TRUE ELSE FALSE END AS exact, state_0
  FROM (
    SELECT bucket, "origin", CAST(NULL AS BIGINT) AS state_4, MAX(state_1) AS state_1, SUM(state_0) AS state_0, SUM(CASE WHEN component LIKE 'r%' THEN 1 ELSE 0 END) AS state_2, SUM(CASE WHEN component LIKE 'r%' THEN POWER(CAST(2 AS DOUBLE PRECISION), -value) ELSE 0 END) AS state_3 FROM (
      SELECT bucket, "origin", component, MAX(value) AS value, MAX(CASE WHEN layer = 'speed' THEN 1 ELSE 0 END) AS state_1,
      SUM(CASE WHEN layer = 'speed' AND component = 'seen' THEN value ELSE 0 END) AS state_0
      FROM (
        SELECT layer, DATE_TRUNC('year', bucket) AS bucket, "origin", component, value FROM (
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_blue."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'batch' AS layer, b.bucket, b."origin", b.component, b.value
          FROM batch_green."aircraft_1fd8fb9167d9" b
          JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
          UNION ALL
          SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "origin", r.component, r.value
          FROM speed.rows r
          CROSS JOIN ledger.control c
          LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
          WHERE r.metric = 'aircraft' AND r.metric_version = '1fd8fb9167d9'
          AND (m.mark IS NULL OR r.sequence_number > m.mark)
        ) states
      ) selected
      WHERE component NOT LIKE 'exact%'
      GROUP BY bucket, "origin", component
    ) merged
    GROUP BY bucket, "origin"
  ) counted WHERE state_2 > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'aircraft' AND d.metric_version = '1fd8fb9167d9'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'aircraft' AND e.metric_version = '1fd8fb9167d9' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'aircraft changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."arrival_delay_minutes";

CREATE VIEW analytics."arrival_delay_minutes" AS
SELECT cells.bucket, cells."carrier", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", SUM(value) AS value FROM (
    SELECT layer, bucket AS bucket, "carrier", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_blue."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_green."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'arrival_delay_minutes' AND r.metric_version = '99ed1be3b0c5'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'arrival_delay_minutes' AND e.metric_version = '99ed1be3b0c5' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'arrival_delay_minutes changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."arrival_delay_minutes_week";

CREATE VIEW analytics."arrival_delay_minutes_week" AS
SELECT cells.bucket, cells."carrier", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('week', bucket) AS bucket, "carrier", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_blue."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_green."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'arrival_delay_minutes' AND r.metric_version = '99ed1be3b0c5'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'arrival_delay_minutes' AND e.metric_version = '99ed1be3b0c5' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'arrival_delay_minutes changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."arrival_delay_minutes_month";

CREATE VIEW analytics."arrival_delay_minutes_month" AS
SELECT cells.bucket, cells."carrier", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('month', bucket) AS bucket, "carrier", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_blue."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_green."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'arrival_delay_minutes' AND r.metric_version = '99ed1be3b0c5'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'arrival_delay_minutes' AND e.metric_version = '99ed1be3b0c5' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'arrival_delay_minutes changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."arrival_delay_minutes_year";

CREATE VIEW analytics."arrival_delay_minutes_year" AS
SELECT cells.bucket, cells."carrier", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('year', bucket) AS bucket, "carrier", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_blue."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b.component, b.value
      FROM batch_green."arrival_delay_minutes_99ed1be3b0c5" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'arrival_delay_minutes' AND r.metric_version = '99ed1be3b0c5'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'arrival_delay_minutes' AND d.metric_version = '99ed1be3b0c5'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'arrival_delay_minutes' AND e.metric_version = '99ed1be3b0c5' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'arrival_delay_minutes changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."departures";

CREATE VIEW analytics."departures" AS
SELECT cells.bucket, cells."carrier", cells."origin", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", "origin", SUM(value) AS value FROM (
    SELECT layer, bucket AS bucket, "carrier", "origin", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_blue."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_green."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.dim_2 AS "origin", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'departures' AND r.metric_version = 'aa337f1f75d0'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier", "origin"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'departures' AND e.metric_version = 'aa337f1f75d0' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'departures changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."departures_day";

CREATE VIEW analytics."departures_day" AS
SELECT cells.bucket, cells."carrier", cells."origin", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", "origin", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('day', bucket) AS bucket, "carrier", "origin", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_blue."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_green."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.dim_2 AS "origin", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'departures' AND r.metric_version = 'aa337f1f75d0'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier", "origin"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'departures' AND e.metric_version = 'aa337f1f75d0' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'departures changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."departures_week";

CREATE VIEW analytics."departures_week" AS
SELECT cells.bucket, cells."carrier", cells."origin", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", "origin", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('week', bucket) AS bucket, "carrier", "origin", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_blue."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_green."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.dim_2 AS "origin", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'departures' AND r.metric_version = 'aa337f1f75d0'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier", "origin"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'departures' AND e.metric_version = 'aa337f1f75d0' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'departures changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."departures_month";

CREATE VIEW analytics."departures_month" AS
SELECT cells.bucket, cells."carrier", cells."origin", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", "origin", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('month', bucket) AS bucket, "carrier", "origin", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_blue."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_green."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.dim_2 AS "origin", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'departures' AND r.metric_version = 'aa337f1f75d0'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier", "origin"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'departures' AND e.metric_version = 'aa337f1f75d0' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'departures changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."departures_year";

CREATE VIEW analytics."departures_year" AS
SELECT cells.bucket, cells."carrier", cells."origin", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "carrier", "origin", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('year', bucket) AS bucket, "carrier", "origin", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_blue."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."carrier", b."origin", b.component, b.value
      FROM batch_green."departures_aa337f1f75d0" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "carrier", r.dim_2 AS "origin", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'departures' AND r.metric_version = 'aa337f1f75d0'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "carrier", "origin"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'departures' AND d.metric_version = 'aa337f1f75d0'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'departures' AND e.metric_version = 'aa337f1f75d0' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'departures changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."rejected";

CREATE VIEW analytics."rejected" AS
SELECT cells.bucket, cells."reason", cells."event_type", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "reason", "event_type", SUM(value) AS value FROM (
    SELECT layer, bucket AS bucket, "reason", "event_type", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_blue."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_green."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "reason", r.dim_2 AS "event_type", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'rejected' AND r.metric_version = 'd0b46241b138'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "reason", "event_type"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'rejected' AND e.metric_version = 'd0b46241b138' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'rejected changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."rejected_day";

CREATE VIEW analytics."rejected_day" AS
SELECT cells.bucket, cells."reason", cells."event_type", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "reason", "event_type", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('day', bucket) AS bucket, "reason", "event_type", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_blue."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_green."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "reason", r.dim_2 AS "event_type", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'rejected' AND r.metric_version = 'd0b46241b138'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "reason", "event_type"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'rejected' AND e.metric_version = 'd0b46241b138' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'rejected changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."rejected_week";

CREATE VIEW analytics."rejected_week" AS
SELECT cells.bucket, cells."reason", cells."event_type", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "reason", "event_type", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('week', bucket) AS bucket, "reason", "event_type", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_blue."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_green."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "reason", r.dim_2 AS "event_type", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'rejected' AND r.metric_version = 'd0b46241b138'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "reason", "event_type"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'rejected' AND e.metric_version = 'd0b46241b138' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'rejected changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."rejected_month";

CREATE VIEW analytics."rejected_month" AS
SELECT cells.bucket, cells."reason", cells."event_type", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "reason", "event_type", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('month', bucket) AS bucket, "reason", "event_type", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_blue."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_green."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "reason", r.dim_2 AS "event_type", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'rejected' AND r.metric_version = 'd0b46241b138'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "reason", "event_type"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'rejected' AND e.metric_version = 'd0b46241b138' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'rejected changed: run tidemark recompute --full' END AS INTEGER) = 0;

DROP VIEW IF EXISTS analytics."rejected_year";

CREATE VIEW analytics."rejected_year" AS
SELECT cells.bucket, cells."reason", cells."event_type", CAST(cells.value AS BIGINT) AS value FROM (
  SELECT bucket, "reason", "event_type", SUM(value) AS value FROM (
    SELECT layer, DATE_TRUNC('year', bucket) AS bucket, "reason", "event_type", component, value FROM (
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_blue."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.blue_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'batch' AS layer, b.bucket, b."reason", b."event_type", b.component, b.value
      FROM batch_green."rejected_d0b46241b138" b
      JOIN ledger.control c ON c.live_dataset_id = b.dataset_id AND c.green_dataset_id = b.dataset_id
      UNION ALL
      SELECT 'speed' AS layer, r.bucket, r.dim_1 AS "reason", r.dim_2 AS "event_type", r.component, r.value
      FROM speed.rows r
      CROSS JOIN ledger.control c
      LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id
      WHERE r.metric = 'rejected' AND r.metric_version = 'd0b46241b138'
      AND (m.mark IS NULL OR r.sequence_number > m.mark)
    ) states
  ) selected
  GROUP BY bucket, "reason", "event_type"
  HAVING COUNT(*) > 0
) cells
CROSS JOIN (
  SELECT SUM(gaps) AS gaps FROM (
    SELECT COUNT(*) AS gaps FROM ledger.control c
    LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE c.live_dataset_id <> '' AND d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.speed_position p
    LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = 'rejected' AND d.metric_version = 'd0b46241b138'
    WHERE d.metric IS NULL
    UNION ALL
    SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
    CROSS JOIN ledger.control c
    LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
    WHERE e.metric = 'rejected' AND e.metric_version = 'd0b46241b138' AND (m.mark IS NULL OR m.mark < e.edge)
  ) g
) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE 'rejected changed: run tidemark recompute --full' END AS INTEGER) = 0;

COMMENT ON VIEW analytics."aircraft" IS 'Different aircraft that departed. Measure: distinct tailnum of flight. Unit: distinct. Where: cancelled is false. By: origin. Per: day. Window: up to 1h.';

COMMENT ON VIEW analytics."arrival_delay_minutes" IS 'Minutes of delay on arrival, early arrivals counted negative. Measure: sum of arrivalDelayMinutes of flight. Unit: minutes. By: carrier. Per: day. Window: up to 1h.';

COMMENT ON VIEW analytics."departures" IS 'Flights that departed. Measure: count of flight. Unit: flights. Where: cancelled is false. By: carrier, origin. Per: hour. Window: up to 1h.';

COMMENT ON VIEW analytics."rejected" IS 'Records that could not be taken as events, by the reason and, where it is known, the type they claimed. Measure: count of records rejected. Unit: records. By: reason, event_type. Per: hour.';
