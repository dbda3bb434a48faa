import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

const DIRECTORY = 'bench-results';

/** One measured row: its name, its values by name, and its target. */
export interface Row {
  readonly id: string;
  readonly label: string;
  readonly figures: Readonly<Record<string, number | string | undefined>>;
  readonly target?: { readonly figure: string; readonly least?: number; readonly most?: number };
  /** Values in full, for the file only. */
  readonly raw?: unknown;
}

interface Section {
  readonly title: string;
  readonly rows: Row[];
}

/** Collects rows, prints each section as a table once it is complete, and writes everything to a file. */
export class BenchReport {
  private readonly sections: Section[] = [];
  private readonly startedAt = new Date();

  begin(title: string): void {
    this.sections.push({ title, rows: [] });
  }

  add(row: Row): void {
    this.sections.at(-1)!.rows.push(row);
    process.stderr.write(`  ${row.label}: ${Object.values(row.figures)[0] ?? ''}\n`);
  }

  print(): void {
    for (const { title, rows } of this.sections) {
      if (rows.length > 0) process.stdout.write(`\n${title}\n${table(rows)}`);
    }
    const missed = this.rows.filter((row) => verdict(row) === 'no');
    const rated = this.rows.filter((row) => row.target);
    process.stdout.write(`\n${rated.length - missed.length} of ${rated.length} targets reached\n`);
  }

  /** Returns the name of the file. */
  write(options: object): string {
    mkdirSync(DIRECTORY, { recursive: true });
    const name = `${this.startedAt.toISOString().replace(/[:.]/g, '-')}.json`;
    const { startedAt, sections } = this;
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
    const result = { started_at: startedAt, took_seconds: seconds, machine: machine(), options, sections };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    writeFileSync(join(DIRECTORY, name), text);
    writeFileSync(join(DIRECTORY, 'latest.json'), text);
    return join(DIRECTORY, name);
  }

  private get rows(): Row[] {
    return this.sections.flatMap(({ rows }) => rows);
  }
}

function verdict({ target, figures }: Row): 'yes' | 'no' | '' {
  if (!target) return '';
  const value = figures[target.figure];
  if (typeof value !== 'number') return 'no';
  return value >= (target.least ?? -Infinity) && value <= (target.most ?? Infinity) ? 'yes' : 'no';
}

function aim({ target }: Row): string {
  if (!target) return '';
  const bound = target.least === undefined ? `≤ ${target.most}` : `≥ ${target.least}`;
  return `${target.figure} ${bound}`;
}

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const isJudged = rows.some(({ target }) => target);
  const lines = [
    ['', ...names, ...(isJudged ? ['target', 'reached'] : [])],
    ...rows.map((row) => [
      row.label,
      ...names.map((name) => shown(row.figures[name])),
      ...(isJudged ? [aim(row), verdict(row)] : []),
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function shown(value: number | string | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 100) / 100);
}

function machine(): object {
  const [cpu] = os.cpus();
  return {
    cores: os.cpus().length,
    cpu: cpu?.model,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    load_before: os.loadavg()[0],
    node: process.version,
    platform: `${os.platform()} ${os.release()}`,
    commit: commit(),
  };
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}
