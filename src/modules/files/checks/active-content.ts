import { InvalidFileType, MalwareDetected } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

/** What a browser, or a misconfigured server, would execute anywhere in a file. */
const ACTIVE = /<script[\s>/]|<\?php\s|<html[\s>]|<iframe[\s>]|<!doctype\s+html|<%@\s*page/i;
/** Matches the start of an SVG, the end of a tag, and a namespace or an event handler attribute. */
const SVG = /<svg\s|>|xmlns|\bon\w{3,20}\s{0,8}=/gi;
const SVG_TAG_MAX = 205;
const END_BYTES = 4096;
/** The EICAR test file, in halves so that no scanner finds it here. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');
const OVERLAP = 512;

/** @throws MalwareDetected for the EICAR test file, at any position */
export function requireNoEicar(chunk: Buffer): void {
  if (chunk.includes(EICAR, 0, 'latin1')) throw new MalwareDetected();
}

/** @throws InvalidFileType for markup or scripts in these bytes */
export function requireNoScript(chunk: Buffer): void {
  const text = chunk.toString('latin1');
  if (ACTIVE.test(text) || hasSvg(text)) throw new InvalidFileType('contains markup or a script');
}

/** One pass: looking ahead from each `<svg` would take quadratic time. */
function hasSvg(text: string): boolean {
  if (!/<svg\s/i.test(text)) return false;
  let tagStart = -Infinity;
  for (const { 0: found, index } of text.matchAll(SVG)) {
    if (found.startsWith('<')) tagStart = index;
    else if (found === '>') tagStart = -Infinity;
    else if (index - tagStart <= SVG_TAG_MAX) return true;
  }
  return false;
}

/**
 * Searches for scripts and markup in the parts that another program might interpret: everywhere, or at both ends. The
 * EICAR test file is searched for everywhere in any case.
 * @throws InvalidFileType, MalwareDetected
 */
export async function requireNoActiveContent(
  file: FileReader,
  where: 'everywhere' | 'ends' | 'nowhere',
): Promise<void> {
  for await (const chunk of file.chunks({ overlap: OVERLAP })) {
    requireNoEicar(chunk);
    if (where === 'everywhere') requireNoScript(chunk);
  }
  if (where !== 'ends') return;
  requireNoScript(await file.read(0, END_BYTES));
  requireNoScript(await file.read(Math.max(0, file.size - END_BYTES), END_BYTES));
}

/** Whether these are the first bytes of an executable of Windows, Linux or macOS, or of a Java class. */
export function isExecutable(head: Buffer): boolean {
  if (head.length < 4) return false;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return true;
  if ([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(magic)) return true;
  // A universal binary of macOS or a Java class: neither is accepted.
  if (magic === 0xcafebabe) return true;
  // Text may begin with MZ as well; the header of an executable contains zeros.
  if (head.toString('latin1', 0, 2) !== 'MZ' || head.length < 64 || !head.subarray(0, 64).includes(0)) return false;
  const at = head.readUInt32LE(60);
  return at + 4 > head.length || head.toString('latin1', at, at + 4) === 'PE\0\0';
}
