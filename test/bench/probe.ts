/**
 * Loaded into a measured process with `--import`: returns what only the process itself knows. The program does not know
 * it.
 */
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export type ProbeQuestion = 'memory' | 'profile-start' | 'profile-stop';

export interface ProbeAnswer {
  readonly probe: ProbeQuestion;
  readonly answer: unknown;
}

const SAMPLING_MICROSECONDS = 250;
const COLLECTIONS = 4;
let session: Session | undefined;

async function answer(question: ProbeQuestion): Promise<unknown> {
  if (question === 'memory') return settledMemory();
  if (question === 'profile-start') return startProfile();
  return stopProfile();
}

/** Memory after several collections: the first only makes free what the second can release. */
async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < COLLECTIONS; i++) {
    global.gc?.();
    await sleep(100);
  }
  return process.memoryUsage();
}

async function startProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await session.post('Profiler.start');
}

async function stopProfile(): Promise<unknown> {
  const { profile } = await session!.post('Profiler.stop');
  session!.disconnect();
  return profile;
}

if (process.send) {
  process.on('message', (message: { probe?: ProbeQuestion }) => {
    if (message.probe)
      void answer(message.probe).then((result) => process.send?.({ probe: message.probe, answer: result }));
  });
  process.channel?.unref();
}
