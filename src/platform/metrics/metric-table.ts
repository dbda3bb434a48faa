/** Upper bounds in seconds, from half a millisecond to ten seconds. */
const LATENCIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

interface Declaration {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

/**
 * All metrics. `docs/metrics.md` is generated from this table. Each label has few values, and none is text of a caller.
 * The metrics of Node (`parley_process_…`, `parley_nodejs_…`) are defined by prom-client.
 */
export const METRICS = {
  parley_ready: {
    kind: 'gauge',
    help: '1 if `/readyz` returns 200; 0 while the process drains or its database is unavailable.',
  },
  parley_draining: { kind: 'gauge', help: '1 while this process is shutting down.' },
  parley_component_up: {
    kind: 'gauge',
    help: '1 if a component of this installation works, as reported by `/healthz`.',
    labels: ['component'],
  },
  parley_sends_total: {
    kind: 'counter',
    help: 'Sends by outcome: `stored`, `replayed`, or the error code, wherever they were refused.',
    labels: ['outcome'],
  },
  parley_sends_in_flight: { kind: 'gauge', help: 'Accepted sends without a response so far.' },
  parley_oldest_send_seconds: { kind: 'gauge', help: 'Time for which the oldest send in flight has been waiting.' },
  parley_send_ack_seconds: {
    kind: 'histogram',
    help: 'From accepting a send to its durable acknowledgement.',
    buckets: LATENCIES,
  },
  parley_delivery_seconds: {
    kind: 'histogram',
    help: 'From accepting a send to writing its frames to the sockets of this node; one send in 16 is measured.',
    buckets: LATENCIES,
  },
  parley_events_delivered_total: {
    kind: 'counter',
    help: 'Durable events sent to connections of this node, each counted once.',
  },
  parley_deliveries_total: { kind: 'counter', help: 'Frames of durable events sent to connections of this node.' },
  parley_bus_connected: {
    kind: 'gauge',
    help: '1 if the bus between the nodes is connected; without it the reconciler finds the events of other nodes.',
  },
  parley_sweep_age_seconds: {
    kind: 'gauge',
    help: 'Time since the last cycle of the reconciler, which runs every 1.5 s and finds events that the bus has lost.',
  },
  parley_watermark_held_seconds: {
    kind: 'gauge',
    help: 'Time for which a transaction of this database has kept cursors from advancing; absent while no user is connected.',
  },
  parley_resyncs_total: {
    kind: 'counter',
    help: '`resync` frames: a client must fetch data because the missed events are not replayed.',
    labels: ['reason'],
  },
  parley_outbox_events: { kind: 'gauge', help: 'Events that wait to become webhook deliveries, counted up to 10,000.' },
  parley_outbox_age_seconds: { kind: 'gauge', help: 'Age of the oldest event in the outbox.' },
  parley_connections: { kind: 'gauge', help: 'Open connections.', labels: ['transport'] },
  parley_connections_slow: {
    kind: 'gauge',
    help: 'Connections with queued frames, because the client reads too slowly.',
  },
  parley_connections_opened_total: {
    kind: 'counter',
    help: 'Connections that became live.',
    labels: ['transport'],
  },
  parley_connections_refused_total: {
    kind: 'counter',
    help: 'Upgrades that were refused, by error code.',
    labels: ['code'],
  },
  parley_connections_closed_total: {
    kind: 'counter',
    help: 'Closed connections, by the close code of this server; `left` if the client or the network closed it.',
    labels: ['code'],
  },
  parley_connection_open_seconds: {
    kind: 'histogram',
    help: 'From the upgrade to `ready`.',
    buckets: LATENCIES,
  },
  parley_http_requests_total: { kind: 'counter', help: 'Completed requests by status class.', labels: ['status'] },
  parley_http_request_seconds: {
    kind: 'histogram',
    help: 'From the head of a request to the end of its response.',
    buckets: LATENCIES,
  },
  parley_http_in_flight: { kind: 'gauge', help: 'Requests that are being processed.' },
  parley_queue_jobs: {
    kind: 'gauge',
    help: 'Jobs of each queue by state; the same on every node, at most 5 s old.',
    labels: ['queue', 'state'],
  },
  parley_server_key_calls_total: {
    kind: 'counter',
    help: 'Calls with server keys: `own` of the host product’s backend, `as_user` with `X-Act-As`, or `refused` as a credential.',
    labels: ['outcome'],
  },
  parley_cache_lookups_total: {
    kind: 'counter',
    help: 'Lookups in caches of this process; the hit ratio is hit ÷ (hit + miss).',
    labels: ['cache', 'result'],
  },
  parley_database_connections: {
    kind: 'gauge',
    help: 'The pool for requests: open and idle connections, and requests that wait for one.',
    labels: ['state'],
  },
  parley_database_pool_wait_seconds: {
    kind: 'gauge',
    help: 'Current waiting time for a connection, probed while any request waits.',
  },
  parley_database_query_seconds: {
    kind: 'histogram',
    help: 'Statements, from sending to the response; outside transactions this includes waiting for a connection.',
    buckets: LATENCIES,
  },
  parley_database_statements_total: {
    kind: 'counter',
    help: 'Statements by name; the name is next to the SQL in the source.',
    labels: ['statement'],
  },
  parley_database_statement_seconds_total: {
    kind: 'counter',
    help: 'Time spent in each statement.',
    labels: ['statement'],
  },
  parley_database_errors_total: {
    kind: 'counter',
    help: 'Failed statements by class of SQLSTATE; `connection` if there was none.',
    labels: ['class'],
  },
  parley_event_loop_lag_seconds: {
    kind: 'gauge',
    help: 'The longest delay of the event loop in the last quarter of a second.',
  },
  parley_limits_hit_total: { kind: 'counter', help: 'Refusals by rate limit.', labels: ['action'] },
  parley_webhook_attempts_total: {
    kind: 'counter',
    help: 'Attempts of webhook deliveries by result: `delivered`, or the reason of the failure.',
    labels: ['result'],
  },
  parley_webhook_attempt_seconds: {
    kind: 'histogram',
    help: 'Attempts of webhook deliveries, from resolving the host name to the end of the response.',
    buckets: LATENCIES,
  },
  parley_before_send_checks_total: {
    kind: 'counter',
    help: 'Messages checked by the host before they are stored: its decision, `failed` without one, `skipped` while the circuit is open.',
    labels: ['result'],
  },
  parley_before_send_seconds: {
    kind: 'histogram',
    help: 'Checks of messages by the host, from resolving the host name to the end of the response.',
    buckets: LATENCIES,
  },
  parley_before_send_circuit_open: {
    kind: 'gauge',
    help: '1 while the host is not asked about messages, because several checks in a row have failed.',
  },
  parley_scheduled_runs_total: {
    kind: 'counter',
    help: 'Runs of scheduled tasks.',
    labels: ['task', 'outcome'],
  },
  parley_scheduled_seconds_total: { kind: 'counter', help: 'Time spent in scheduled tasks.', labels: ['task'] },
  parley_scheduled_items_total: {
    kind: 'counter',
    help: 'Results of scheduled tasks, as in the log: rows deleted, bytes released.',
    labels: ['task', 'what'],
  },
  parley_overload_level: {
    kind: 'gauge',
    help: 'What is refused under overload: 0 nothing, 1 typing and presence, 2 also search and statistics, 3 also reads, 4 also sends.',
  },
  parley_shed_total: { kind: 'counter', help: 'Requests and frames refused under overload.', labels: ['class'] },
  parley_errors_total: {
    kind: 'counter',
    help: 'Log entries of level error, by the component that logged them.',
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
