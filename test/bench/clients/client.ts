/** What a client of the load generator tells of. */
export interface ClientEvents {
  /** The send number `n` was answered. `answer` is the whole answer where it was not a success. */
  acknowledged(n: number, answer: string | undefined): void;
  /** The event of the send number `n` is here; only where a client was asked to look at events. */
  delivered?(n: number): void;
  /** Any frame, before it is looked at. */
  heard?(): void;
  failed(reason: string): void;
}

/** Somebody who sends and receives over one of the transports. */
export interface Client {
  send(n: number, conversationId: string): void;
  end(): void;
}

export interface Access {
  readonly port: number;
  readonly token: string;
}

/** The number stands in the text so that whoever receives it knows which send it was: ` #17 `. */
export function contentOf(n: number): string {
  return `#${n} Shall we meet at the station at nine, or is ten better?`;
}

/** The fields of a send, as JSON without the braces. Keys of one run never come twice. */
export function sendFields(n: number): string {
  return `"content":"${contentOf(n)}","client_message_id":"${RUN}-${n}"`;
}

const RUN = `${process.pid.toString(36)}-${Date.now().toString(36)}`;
const MARK = Buffer.from('"content":"#');
const ZERO = 48;

/** The number of the send an event is about, or -1. */
export function numberIn(bytes: Buffer, start: number, end: number): number {
  const at = bytes.indexOf(MARK, start);
  return at < 0 || at >= end ? -1 : digitsAt(bytes, at + MARK.length);
}

/** The decimal number that begins here. */
export function digitsAt(bytes: Buffer, at: number): number {
  let number = 0;
  for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
    number = number * 10 + digit;
  return number;
}

const NOTE = Buffer.from('"ok":true');

/** Whether the answer that lies here is a success; it says so within its first bytes. */
export function isSuccess(bytes: Buffer, start: number): boolean {
  const at = bytes.indexOf(NOTE, start);
  return at >= 0 && at - start < 64;
}
