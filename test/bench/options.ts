import { parseArgs } from 'node:util';

export const SECTIONS = [
  'start',
  'send-ws',
  'send-socket-io',
  'send-rest',
  'frames',
  'requests',
  'latency',
  'overload',
  'fan-out',
  'broadcast',
  'webhooks',
  'users',
  'files',
  'search',
  'idle',
] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface BenchOptions {
  /** Measured time of one row. */
  readonly seconds: number;
  readonly sections: ReadonlySet<SectionName>;
  /** Whether the server is profiled during the measurement, which costs some of its speed. */
  readonly profile: boolean;
  /** Messages to search in. */
  readonly messages: number;
  /** Idle connections to open. */
  readonly connections: number;
  /** Participants of the broadcast. */
  readonly members: number;
}

export const USAGE = `npm run bench -- [--seconds 4] [--only ${SECTIONS.join(',')}] [--connections 5000] [--messages 200000] [--members 100000] [--profile]`;

/** @throws Error with the usage */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '4' },
      only: { type: 'string', default: SECTIONS.join(',') },
      connections: { type: 'string', default: '5000' },
      messages: { type: 'string', default: '200000' },
      members: { type: 'string', default: '100000' },
      profile: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  const connections = Number(values.connections);
  const messages = Number(values.messages);
  const members = Number(values.members);
  const wanted = values.only.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !SECTIONS.some((section) => section.startsWith(name)));
  if (!(seconds > 0) || !(connections > 0) || !(messages > 0) || !(members > 0) || unknown.length > 0)
    throw new Error(USAGE);
  const sections = SECTIONS.filter((section) => wanted.some((name) => section.startsWith(name)));
  return { seconds, connections, messages, members, sections: new Set(sections), profile: values.profile };
}
