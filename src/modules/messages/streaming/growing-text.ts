import { ValidationError } from '../../../platform/errors/app-error.js';
import type { ShownMessage } from '../../../platform/event-log/stream-event.js';
import { readersOf } from '../audience.js';
import { type ContentPolicy, withoutUnstorable } from '../sanitize-content.js';
import type { StoredText, StreamingRow } from './stored-text.js';
import { DELTA_MAX } from './streaming.constants.js';
import { StreamingOffset } from './streaming-messages.errors.js';

/** Stands for `<` until the text is complete: then it is known which of them begin markup. It is one UTF-16 unit too. */
const UNDECIDED = '‹';

/** A part of the text at its place, in UTF-16 units. */
export interface Part {
  readonly offset: number;
  readonly text: string;
}

/**
 * The text of one streaming message as this process knows it. It only grows, and what is shown is a part of the same
 * length from its beginning. Nothing here is final: the database has what other processes have stored.
 */
export class GrowingText {
  readonly id: string;
  readonly conversationId: string;
  readonly senderId: string;
  /** Who sees the message. */
  readonly shows: ShownMessage;
  private content: string;
  private shownLength: number;
  private hidesRest: boolean;
  private version: number;
  private isChanged = false;

  constructor(
    row: StreamingRow,
    private readonly policy: ContentPolicy,
  ) {
    this.id = row.message_id;
    this.conversationId = row.conversation_id;
    this.senderId = row.sender_id;
    const onlyFor = readersOf(row);
    this.shows = { number: row.sequence_number, ...(onlyFor && { onlyFor }) };
    this.content = row.content;
    this.shownLength = row.shown_length;
    this.hidesRest = row.is_withheld;
    this.version = row.version;
  }

  get text(): string {
    return this.content;
  }

  get length(): number {
    return this.content.length;
  }

  get isStored(): boolean {
    return !this.isChanged;
  }

  /**
   * Returns what the part adds to the text: nothing if all of it is there already.
   * @throws StreamingOffset if text before it is missing, ValidationError if it would split a character
   */
  additionOf({ offset, text }: Part): string {
    if (offset > this.length) throw new StreamingOffset(this.length);
    const addition = text.slice(this.length - offset);
    if (!addition.isWellFormed()) throw ValidationError.of('offset', 'must not be inside a character');
    return addition;
  }

  /** Adds text to the end; returns what participants see of it, in parts that fit into one frame each. */
  add(addition: string, { isShown }: { isShown: boolean }): Part[] {
    const from = this.length;
    this.content += addition;
    this.isChanged = true;
    this.hidesRest ||= !isShown;
    if (this.hidesRest) return [];
    this.shownLength = this.length;
    return partsOf({ offset: from, text: this.shown.slice(from) });
  }

  /** Adds what another process has shown. It is ignored if it does not continue this text. */
  addShown({ offset, text }: Part): void {
    const isContinuation = offset <= this.length && this.shownLength === this.length && !this.hidesRest;
    if (!isContinuation || (this.policy === 'strip' && text.includes(UNDECIDED))) return;
    this.content += text.slice(this.length - offset);
    this.shownLength = this.length;
  }

  /** Counts as an append that has to be stored, although the text is the same. */
  touch(): void {
    this.isChanged = true;
  }

  /** What is to be stored now. */
  take(): StoredText {
    this.isChanged = false;
    const { id, content, shown, hidesRest: isWithheld, version } = this;
    return { id, content, shown, isWithheld, version };
  }

  /** This text was stored, as the version after the one that it was based on. */
  onStored(): void {
    this.version++;
  }

  /** It was not stored. */
  onNotStored(): void {
    this.isChanged = true;
  }

  /**
   * Another process has stored a text. A text that this one continues is its basis from now on; otherwise that one
   * counts, and the author will be asked for what is missing.
   */
  rebase(row: StreamingRow): void {
    this.version = row.version;
    this.hidesRest ||= row.is_withheld;
    if (this.content.startsWith(row.content)) {
      this.isChanged ||= this.length > row.content.length;
      return;
    }
    this.content = row.content;
    this.shownLength = row.shown_length;
    this.isChanged = false;
  }

  private get shown(): string {
    const shown = this.content.slice(0, this.shownLength);
    return withoutUnstorable(this.policy === 'strip' ? shown.replaceAll('<', UNDECIDED) : shown);
  }
}

/** Parts of at most `DELTA_MAX` units, none of which splits a character. */
function partsOf({ offset, text }: Part): Part[] {
  const parts: Part[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + DELTA_MAX, text.length);
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end--;
    parts.push({ offset: offset + start, text: text.slice(start, end) });
    start = end;
  }
  return parts;
}
