import { type ClosedConnection, OnConnection } from '../../platform/realtime/connection/connection-changes.js';
import { EncodedFrame } from '../../platform/realtime/protocol/encoded-frame.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { LiveStatsDto, WatchFrameDto } from './monitoring/monitoring.dto.js';
import { LiveStats } from './monitoring/live-stats.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

const STATS_SIGNAL = 'admin.figures';

/** Socket edge of monitoring: streams live statistics to admins. */
@Gateway()
@SendsSignal(
  STATS_SIGNAL,
  LiveStatsDto,
  'Sent every two seconds to admins who sent `admin.watch`: current statistics of the system.',
)
export class AdminGateway {
  constructor(private readonly live: LiveStats) {}

  @OnConnection('closed')
  endWatch({ id }: ClosedConnection): void {
    this.live.unwatch(id);
  }

  @OnFrame('admin.watch', WatchFrameDto, {
    limit: CALL_LIMIT,
    priority: 'vital',
    summary: 'Streams live statistics, every two seconds.',
    reply: LiveStatsDto,
  })
  watch(connection: LiveConnection, _dto: WatchFrameDto): Promise<LiveStatsDto> {
    return this.live.watch(connection.id, toWatcher(connection));
  }

  @OnFrame('admin.unwatch', WatchFrameDto, {
    limit: CALL_LIMIT,
    priority: 'vital',
    summary: 'Stops the stream of live statistics.',
  })
  unwatch({ id }: LiveConnection, _dto: WatchFrameDto): void {
    this.live.unwatch(id);
  }
}

function toWatcher(connection: LiveConnection): { actor: LiveConnection['actor']; send(data: object): void } {
  return {
    get actor() {
      return connection.actor;
    },
    send: (data) => connection.deliver(EncodedFrame.of(STATS_SIGNAL, { data }), 'state', { key: STATS_SIGNAL }),
  };
}
