/** Seconds from a tenth of a millisecond to ten seconds. */
const LATENCIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

interface Declaration {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

/**
 * Every metric there is, once. `docs/metrics.md` lists them from here; labels take few values each, none of them from
 * a caller's text. What Node itself tells (`parley_process_…`, `parley_nodejs_…`) is prom-client's own.
 */
export const METRICS = {
  parley_ready: {
    kind: 'gauge',
    help: 'Whether `/readyz` answers 200: 1, or 0 while it drains or lacks its database.',
  },
  parley_draining: { kind: 'gauge', help: 'Whether this process is on its way out.' },
  parley_component_up: {
    kind: 'gauge',
    help: 'Whether a component of this installation works, as `/healthz` shows it.',
    labels: ['component'],
  },
  parley_sends_total: {
    kind: 'counter',
    help: 'Sends by what became of them: stored, replayed, or the code of the error, wherever they were refused.',
    labels: ['outcome'],
  },
  parley_sends_in_flight: { kind: 'gauge', help: 'Sends taken that are not answered yet.' },
  parley_oldest_send_seconds: { kind: 'gauge', help: 'For how long the oldest send in flight has been waiting.' },
  parley_send_ack_seconds: {
    kind: 'histogram',
    help: 'From taking a send to its durable answer.',
    buckets: LATENCIES,
  },
  parley_delivery_seconds: {
    kind: 'histogram',
    help: 'From taking a send to its frames being written to the sockets of this node; one send in 16 is looked at.',
    buckets: LATENCIES,
  },
  parley_events_delivered_total: {
    kind: 'counter',
    help: 'Durable events handed to connections of this node, each counted once.',
  },
  parley_deliveries_total: { kind: 'counter', help: 'Frames of durable events handed to connections of this node.' },
  parley_bus_connected: {
    kind: 'gauge',
    help: 'Whether the nodes hear of each other; without, events arrive by the sweep.',
  },
  parley_sweep_age_seconds: {
    kind: 'gauge',
    help: 'Since the log was last swept for what the bus has lost, which is every 1.5 s.',
  },
  parley_watermark_held_seconds: {
    kind: 'gauge',
    help: 'For how long a transaction of this database has kept cursors from moving on; absent while nobody is connected.',
  },
  parley_resyncs_total: {
    kind: 'counter',
    help: 'Times a client was told to fetch instead of being sent what it missed.',
    labels: ['reason'],
  },
  parley_outbox_events: { kind: 'gauge', help: 'Events that wait to become webhook deliveries, counted up to 10,000.' },
  parley_outbox_age_seconds: { kind: 'gauge', help: 'Age of the oldest of them.' },
  parley_connections: { kind: 'gauge', help: 'Open connections.', labels: ['transport'] },
  parley_connections_slow: { kind: 'gauge', help: 'Connections whose reader is behind, so that frames are queued.' },
  parley_connections_opened_total: {
    kind: 'counter',
    help: 'Connections that became live.',
    labels: ['transport'],
  },
  parley_connections_refused_total: {
    kind: 'counter',
    help: 'Upgrades that were turned away, by the code of the error.',
    labels: ['code'],
  },
  parley_connections_closed_total: {
    kind: 'counter',
    help: 'Connections that ended, by the close code of this server; `left` where the client or the network ended it.',
    labels: ['code'],
  },
  parley_connection_open_seconds: {
    kind: 'histogram',
    help: 'From the upgrade to `ready`.',
    buckets: LATENCIES,
  },
  parley_http_requests_total: { kind: 'counter', help: 'Answered requests by class of status.', labels: ['status'] },
  parley_http_request_seconds: {
    kind: 'histogram',
    help: 'From the head of a request to the end of its answer.',
    buckets: LATENCIES,
  },
  parley_http_in_flight: { kind: 'gauge', help: 'Requests that are being answered.' },
  parley_queue_jobs: {
    kind: 'gauge',
    help: 'Jobs of each queue by state; the same on every node, at most 5 s old.',
    labels: ['queue', 'state'],
  },
  parley_cache_lookups_total: {
    kind: 'counter',
    help: 'Look-ups in what is remembered in process; the hit ratio is hit ÷ (hit + miss).',
    labels: ['cache', 'result'],
  },
  parley_database_connections: {
    kind: 'gauge',
    help: 'The pool of requests: connections open and idle, and requests that wait for one.',
    labels: ['state'],
  },
  parley_database_pool_wait_seconds: {
    kind: 'gauge',
    help: 'How long a request waits for a connection now, probed while any waits.',
  },
  parley_database_query_seconds: {
    kind: 'histogram',
    help: 'Statements, from sending to the answer; waiting for a connection is part of it outside transactions.',
    buckets: LATENCIES,
  },
  parley_database_statements_total: {
    kind: 'counter',
    help: 'Statements by name, which stands beside the SQL in the sources.',
    labels: ['statement'],
  },
  parley_database_statement_seconds_total: {
    kind: 'counter',
    help: 'Time spent in each statement.',
    labels: ['statement'],
  },
  parley_database_errors_total: {
    kind: 'counter',
    help: 'Statements that failed, by class of SQLSTATE; `connection` when none came.',
    labels: ['class'],
  },
  parley_event_loop_lag_seconds: {
    kind: 'gauge',
    help: 'The worst delay of the event loop in the last quarter of a second.',
  },
  parley_limits_hit_total: { kind: 'counter', help: 'Refusals by limit.', labels: ['action'] },
  parley_webhook_attempts_total: {
    kind: 'counter',
    help: 'Tries of webhook deliveries: delivered, or why not.',
    labels: ['result'],
  },
  parley_webhook_attempt_seconds: {
    kind: 'histogram',
    help: 'Tries of webhook deliveries, from resolving the name to the end of the answer.',
    buckets: LATENCIES,
  },
  parley_scheduled_runs_total: {
    kind: 'counter',
    help: 'Runs of regular work.',
    labels: ['task', 'outcome'],
  },
  parley_scheduled_seconds_total: { kind: 'counter', help: 'Time spent in regular work.', labels: ['task'] },
  parley_scheduled_items_total: {
    kind: 'counter',
    help: 'What regular work has done, as it says in the log: rows forgotten, bytes given back.',
    labels: ['task', 'what'],
  },
  parley_overload_level: {
    kind: 'gauge',
    help: 'What is being shed: 0 nothing, 1 typing and presence, 2 search and figures too, 3 reads too, 4 sends too.',
  },
  parley_shed_total: { kind: 'counter', help: 'Requests and frames turned away under overload.', labels: ['class'] },
  parley_errors_total: {
    kind: 'counter',
    help: 'What the log calls an error, by the part of the program that said so.',
    labels: ['context'],
  },
} as const satisfies Record<string, Declaration>;

export type MetricName = keyof typeof METRICS;
type NamesOf<Kind> = { [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never }[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

type LabelOf<Name extends MetricName> = (typeof METRICS)[Name] extends { labels: readonly (infer Label)[] }
  ? Label & string
  : never;
/** The labels of a metric, each with its value. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<LabelOf<Name>, string>>;
