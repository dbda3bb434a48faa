import { Injectable, Global, Module } from '@nestjs/common';

/**
 * Collects the lines that are printed once at start, on the terminal and not in the log. Any module may add a line
 * before the start is complete.
 */
@Injectable()
export class StartupBanner {
  private readonly lines: { label: string; text: string }[] = [];
  private readonly atEnd: (() => Promise<void>)[] = [];

  add(label: string, text: string): void {
    this.lines.push({ label, text });
  }

  /**
   * Registers work that runs when the rest of the start has succeeded, before the banner is printed. It may add lines.
   */
  beforePrint(work: () => Promise<void>): void {
    this.atEnd.push(work);
  }

  /** Runs the registered work. @throws the error of that work */
  async complete(): Promise<void> {
    for (const work of this.atEnd.splice(0)) await work();
  }

  /** Returns the texts of a label, for callers that print no banner. */
  of(label: string): string[] {
    return this.lines.filter((line) => line.label === label).map(({ text }) => text);
  }

  /** Renders the lines in a box. */
  render(title: string): string {
    const label = Math.max(0, ...this.lines.map((line) => line.label.length));
    const body = this.lines.map((line) => `${line.label.padEnd(label)}  ${line.text}`);
    const width = Math.max(title.length, ...body.map((line) => line.length));
    const framed = [title, '', ...body].map((line) => `│ ${line.padEnd(width)} │`);
    const rule = '─'.repeat(width + 2);
    return [`┌${rule}┐`, ...framed, `└${rule}┘`, ''].join('\n');
  }
}

/** Provides `StartupBanner` to every module. Logging needs no provider: use `new Logger('Name')` of @nestjs/common. */
@Global()
@Module({ providers: [StartupBanner], exports: [StartupBanner] })
export class StartupBannerModule {}
