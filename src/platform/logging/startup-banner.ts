import { Injectable } from '@nestjs/common';

/**
 * What is said once at start, on the terminal and not in the log. Any module may add a line before the start is done.
 */
@Injectable()
export class StartupBanner {
  private readonly lines: { label: string; text: string }[] = [];
  private readonly last: (() => Promise<void>)[] = [];

  add(label: string, text: string): void {
    this.lines.push({ label, text });
  }

  /** What is done when everything else of the start has succeeded, just before the banner is shown. It may add lines. */
  beforeShown(work: () => Promise<void>): void {
    this.last.push(work);
  }

  /** Does what was left for the end of the start. @throws whatever that throws */
  async complete(): Promise<void> {
    for (const work of this.last.splice(0)) await work();
  }

  /** What stands under a label, for those who print no banner. */
  of(label: string): string[] {
    return this.lines.filter((line) => line.label === label).map(({ text }) => text);
  }

  /** The lines in a box. */
  render(title: string): string {
    const label = Math.max(0, ...this.lines.map((line) => line.label.length));
    const body = this.lines.map((line) => `${line.label.padEnd(label)}  ${line.text}`);
    const width = Math.max(title.length, ...body.map((line) => line.length));
    const framed = [title, '', ...body].map((line) => `│ ${line.padEnd(width)} │`);
    const rule = '─'.repeat(width + 2);
    return [`┌${rule}┐`, ...framed, `└${rule}┘`, ''].join('\n');
  }
}
