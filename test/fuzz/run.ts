import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fileOf } from './cases.js';
import { fuzz } from './fuzz.js';
import { PARSERS } from './parsers.js';
import { fuzzSamples } from './samples.js';
import { PARSERS as TEXT_READERS } from './text-readers.js';

const USAGE = `npm run fuzz -- [compound-file pdf …] [--cases 10000] [--seed 1] [--case 4711]
Tries the parsers of files on changed samples, and the readers of texts on long ones, in a process that is ended when it is stuck. A fault is repeated by the
name of its parser, its seed and the number of its case, whose file is then kept in fuzz-results/.`;

const TABLES = [
  ...PARSERS.map((parser) => ({ parser, table: './parsers.js' })),
  ...TEXT_READERS.map((parser) => ({ parser, table: './text-readers.js' })),
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    help: { type: 'boolean' },
  },
});

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const chosen = positionals.length > 0 ? TABLES.filter(({ parser }) => positionals.includes(parser.name)) : TABLES;
  if (chosen.length === 0) throw new Error(`There is no such parser.\n${USAGE}`);
  const seed = Number(values.seed);
  const only = values.case === undefined ? undefined : Number(values.case);
  for (const { parser, table } of chosen) {
    if (only !== undefined) {
      mkdirSync('fuzz-results', { recursive: true });
      const path = `fuzz-results/${parser.name}-${seed}-${only}`;
      writeFileSync(path, fileOf(parser, await fuzzSamples(), seed, only));
      process.stdout.write(`${path}\n`);
    }
    const [result] = await fuzz({
      parsers: [parser.name],
      table: new URL(table, import.meta.url).href,
      entry: fileURLToPath(new URL('./fuzz-process.js', import.meta.url)),
      seed,
      ...(only === undefined ? { cases: Number(values.cases) } : { from: only, cases: 1 }),
    });
    const { faults, ...figures } = result!;
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    for (const { case: number, what } of faults.slice(0, 20)) {
      process.stdout.write(`  ${parser.name} --seed ${seed} --case ${number}: ${what}\n`);
    }
    if (faults.length > 0) process.exitCode = 1;
  }
}

await main();
