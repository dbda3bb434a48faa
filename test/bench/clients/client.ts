/** The callbacks of a client of the load generator. */
export interface ClientEvents {
  /** The send number `n` was answered. `answer` is the whole response unless it was a success. */
  acknowledged(n: number, answer: string | undefined): void;
  /** The event of the send number `n` has arrived; only for clients that parse events. */
  delivered?(n: number): void;
  /** Any frame, before it is parsed. */
  heard?(): void;
  failed(reason: string): void;
}

/** A client that sends and receives over one of the transports. */
export interface Client {
  send(n: number, conversationId: string): void;
  /** A request with the number `n` that stores nothing. */
  ping(n: number): void;
  end(): void;
}

export interface Access {
  readonly port: number;
  readonly token: string;
}

/** The number is in the text so that a receiver can assign the event to its send: ` #17 `. */
export function contentOf(n: number): string {
  return `#${n} Shall we meet at the station at nine, or is ten better?`;
}

/** The fields of a send, as JSON without the braces. Keys of one run are unique. */
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

/** Whether the response at this position is a success, by its first bytes. */
export function isSuccess(bytes: Buffer, start: number): boolean {
  const at = bytes.indexOf(NOTE, start);
  return at >= 0 && at - start < 64;
}
