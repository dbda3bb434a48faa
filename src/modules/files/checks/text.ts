import { InvalidFileType } from '../files.errors.js';
import type { Bytes } from './bytes.js';

/** How a text begins that some program runs or renders instead of showing it. */
const RUNS =
  /^(?:#!|<\?|<%|<!(?:doctype|--)|@echo\s+off|<(?:html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p|svg|math|template|object|embed|form|img|meta|link|base)(?:[\s>/]|$))/i;
const HEAD = 1024;
/** Further in, only what is a page or a script whatever stands before it. */
const EMBEDS = /<script[\s>/]|<\?php\s|<html[\s>]|<svg\s/i;

/**
 * Text in UTF-8 that is nothing but text.
 * @throws InvalidFileType
 */
export async function requirePlainText(bytes: Bytes): Promise<void> {
  if (bytes.size === 0) throw new InvalidFileType('is empty');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let head = '';
  try {
    for await (const chunk of bytes.chunks()) {
      if (chunk.includes(0)) throw new InvalidFileType('is not text');
      const text = decoder.decode(chunk, { stream: true });
      if (head.length < HEAD) head += text.slice(0, HEAD);
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof InvalidFileType) throw error;
    throw new InvalidFileType('is not text in UTF-8');
  }
  if (RUNS.test(head.trimStart()) || EMBEDS.test(head)) throw new InvalidFileType('is markup or a script');
}
