import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

/** The beginning of a text that a program executes or a browser renders. */
const ACTIVE_START =
  /^(?:#!|<\?|<%|<!(?:doctype|--)|@echo\s+off|<(?:html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|svg|math|template|object|embed|form|img|meta|link|base)(?:[\s>/]|$))/i;
/** The same for a text that may begin with its own tags, like a README in Markdown. */
const ACTIVE_START_WITH_TAGS =
  /^(?:#!|<\?|<%|<!doctype|@echo\s+off|<(?:html|head|body|script|iframe|style|svg|meta)(?:[\s>/]|$))/i;
const HEAD = 1024;
/** A page or a script at any position in the text. */
const ACTIVE_ANYWHERE = /<script[\s>/]|<\?php\s|<html[\s>]|<svg\s/i;
/** Bytes that no text in Windows-1252 contains, so that other data is not taken for text. */
const NON_TEXT_BYTES = /[\x00-\x06\x0e-\x19\x1c-\x1f\x81\x8d\x8f\x90\x9d]/;

export const CHARSETS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Charset = (typeof CHARSETS)[number];

export interface Text {
  readonly charset: Charset;
  /** The first characters. */
  readonly head: string;
  /** Whether it begins and ends like a JSON value. */
  readonly isJson: boolean;
}

/**
 * Detects text: in UTF-8, in UTF-16 with a byte order mark (without one it cannot be distinguished from other data), or
 * otherwise in Windows-1252. Undefined when it is not text.
 */
export async function readText(file: FileReader): Promise<Text | undefined> {
  const mark = (await file.read(0, 2)).toString('hex');
  if (mark === 'fffe') return readAs(file, 'utf-16le');
  if (mark === 'feff') return readAs(file, 'utf-16be');
  return (await readAs(file, 'utf-8')) ?? readAs(file, 'windows-1252');
}

async function readAs(file: FileReader, charset: Charset): Promise<Text | undefined> {
  const decoder = new TextDecoder(charset, { fatal: true });
  let head = '';
  let tail = '';
  try {
    for await (const chunk of file.chunks()) {
      if (charset === 'windows-1252' && NON_TEXT_BYTES.test(chunk.toString('latin1'))) return undefined;
      const text = decoder.decode(chunk, { stream: true });
      if (text.includes('\0')) return undefined;
      if (head.length < HEAD) head += text.slice(0, HEAD);
      tail = (tail + text.slice(-HEAD)).slice(-HEAD);
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof InvalidFileType) throw error;
    return undefined;
  }
  return { charset, head, isJson: charset === 'utf-8' && isJson(head.trimStart(), tail.trimEnd()) };
}

function isJson(head: string, tail: string): boolean {
  const ends = `${head[0]}${tail.at(-1)}`;
  return (
    ends === '{}' ||
    ends === '[]' ||
    (ends === '""' && head.length > 1) ||
    /^(?:-?\d[\d.eE+-]*|true|false|null)$/.test(head)
  );
}

/**
 * Requires text that nothing executes and no browser renders as a page.
 * @throws InvalidFileType
 */
export function requireInertText({ head }: Text, type: string): void {
  const hasOwnTags = type === 'text/markdown' || type === 'application/json';
  const isActive = hasOwnTags
    ? ACTIVE_START_WITH_TAGS.test(head.trimStart())
    : ACTIVE_START.test(head.trimStart()) || ACTIVE_ANYWHERE.test(head);
  if (isActive) throw new InvalidFileType('is markup or a script');
}
