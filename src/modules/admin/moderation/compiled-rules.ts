import { linksIn } from './link-finder.js';
import type { RuleAction, RuleKind } from './content-rules.dto.js';
import { type Span, WordMatcher } from './word-matcher.js';

export interface Rule {
  readonly id: string;
  readonly kind: RuleKind;
  readonly pattern: string;
  /** Null for rules that allow. */
  readonly action: RuleAction | null;
  readonly reason: string | null;
}

/** The result of the rules of one scope for a text: the strictest matching rule, and all spans to mask. */
export interface RuleMatches {
  readonly rejects?: Rule;
  readonly holds?: Rule;
  readonly masks: readonly Span[];
}

const MASK = '•••';
/** Deeper subdomains are evaluated by their last labels. */
const LABELS_MAX = 12;

/**
 * The rules of one scope, compiled for evaluation. Of several domain rules the most specific one applies, and a denial
 * before an allowance; `*` applies last, and only to links that apps make clickable.
 */
export class CompiledRules {
  private readonly words = new WordMatcher<Rule>();
  private readonly denied = new Map<string, Rule>();
  private readonly allowed = new Set<string>();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      if (rule.kind === 'word') this.words.add(rule.pattern, rule);
      else if (rule.kind === 'link_allow') this.allowed.add(rule.pattern);
      else this.denied.set(rule.pattern, rule);
    }
  }

  evaluate(text: string): RuleMatches {
    const hits = this.words.match(text).map(({ value, start, end }) => ({ rule: value, start, end }));
    if (this.denied.size > 0) {
      for (const { host, isClickable, start, end } of linksIn(text)) {
        const rule = this.findDenied(host, isClickable);
        if (rule) hits.push({ rule, start, end });
      }
    }
    const first = (action: RuleAction): Rule | undefined => hits.find(({ rule }) => rule.action === action)?.rule;
    return {
      rejects: first('reject'),
      holds: first('hold'),
      masks: hits.filter(({ rule }) => rule.action === 'mask').map(({ start, end }) => ({ start, end })),
    };
  }

  private findDenied(host: string, isClickable: boolean): Rule | undefined {
    const labels = host.split('.').slice(-LABELS_MAX);
    for (let at = 0; at < labels.length; at++) {
      const domain = labels.slice(at).join('.');
      const rule = this.denied.get(domain);
      if (rule) return rule;
      if (this.allowed.has(domain)) return undefined;
    }
    return isClickable ? this.denied.get('*') : undefined;
  }
}

/** Replaces every span of the text; adjacent spans become one. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  let out = '';
  let at = 0;
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (end <= at) continue;
    if (start >= at) out += text.slice(at, start) + MASK;
    at = end;
  }
  return out + text.slice(at);
}
