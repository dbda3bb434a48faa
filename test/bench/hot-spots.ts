/** Reads a CPU profile of V8: the self time by function and by area. */
import { mkdirSync, writeFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS = 45;
/** `dispatch` is the profiler's own. */
const NOT_WORK = new Set(['(idle)', '(root)', 'dispatch']);

/** The owner of code: a package, a folder of the program, or Node itself. */
function areaOf({ functionName, url }: ProfileNode['callFrame']): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url === '' || url.startsWith('node:')) {
    const [, area = 'native'] = /^node:(?:internal\/)?([^/]+)/.exec(url) ?? [];
    return `node ${area}`;
  }
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency) return dependency;
  return /dist\/src\/(platform\/[^/]+|modules\/[^/]+|[^/]+)/.exec(url)?.[1] ?? 'other';
}

/** The table as text; shares are of the time at work. */
export function hotSpots(profile: unknown): string {
  const { nodes, samples, timeDeltas } = profile as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const functions = new Map<string, number>();
  const areas = new Map<string, number>();
  let total = 0;
  let idle = 0;
  samples.forEach((id, index) => {
    const { callFrame } = byId.get(id)!;
    const spent = timeDeltas[index] ?? 0;
    if (callFrame.functionName === '(idle)') idle += spent;
    if (NOT_WORK.has(callFrame.functionName)) return;
    total += spent;
    const place = callFrame.url.replace(/^.*\/(dist\/src|node_modules)\//, '');
    const name = `${callFrame.functionName || '(anonymous)'}  ${place}${place ? `:${callFrame.lineNumber + 1}` : ''}`;
    functions.set(name, (functions.get(name) ?? 0) + spent);
    const area = callFrame.functionName === '(program)' ? 'native (program)' : areaOf(callFrame);
    areas.set(area, (areas.get(area) ?? 0) + spent);
  });
  const list = (entries: Map<string, number>, most: number): string =>
    [...entries]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, spent]) => `  ${((spent / total) * 100).toFixed(1).padStart(5)} %  ${name}\n`)
      .join('');
  const busy = ((total / (total + idle)) * 100).toFixed(0);
  return `busy ${busy} % of the time\nby area\n${list(areas, 30)}by function\n${list(functions, FUNCTIONS)}`;
}

/** Stores a profile for other tools, and prints its table. */
export function writeProfile(id: string, profile: unknown): void {
  mkdirSync('bench-results', { recursive: true });
  writeFileSync(`bench-results/${id}.cpuprofile`, JSON.stringify(profile));
  process.stdout.write(`\nHot spots of ${id}\n${hotSpots(profile)}`);
}
