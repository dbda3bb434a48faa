import { cleanName } from '../../platform/validation/text.js';
import { fileTypeOf } from './file-types.js';

const MAX_BYTES = 200;
/** Characters that have a special meaning in some system. */
const SPECIAL = /[<>:"|?*\\/;`$]/g;
/** Device names of Windows, whatever follows the dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Extensions before the last one that some server or system treats as the type. */
const INNER_EXECUTABLE = /\.(php\d?|phtml|phar|aspx?|jspx?|cgi|exe|scr|pif|bat|cmd|vbs|hta|msi|lnk|ps1|jar)(?=\.)/i;

export interface FileName {
  readonly name: string;
  /** Lower case, without the dot; undefined when there is none. */
  readonly extension: string | undefined;
}

/**
 * Returns the display name of a file: its last segment only, on one line, without characters that hide, reorder, or
 * mean something to a shell, a path or a header. Bytes are never stored under it. Undefined for a deceptive name: with
 * a NUL in it, plain or escaped, or with an executable extension before the last one.
 */
export function cleanFileName(raw: string): FileName | undefined {
  if (raw.includes('\0') || /%00/.test(raw) || !raw.isWellFormed()) return undefined;
  const last = raw.split(/[/\\]/).at(-1) ?? '';
  let name = withoutEnd(
    cleanName(last)
      .replace(SPECIAL, '_')
      .replace(/^[.\s~-]+/, ''),
  );
  if (DEVICE.test(name)) name = `_${name}`;
  if (INNER_EXECUTABLE.test(name)) return undefined;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : undefined;
  return { name: shorten(name, dot), extension };
}

/** Removes dots and spaces at the end. It searches backwards: a pattern would restart at each dot. */
function withoutEnd(name: string): string {
  let end = name.length;
  while (end > 0 && /[.\s]/.test(name[end - 1]!)) end -= 1;
  return name.slice(0, end);
}

/** Adds the extension of the detected type to a name that does not indicate one, such as `blob` of a browser. */
export function nameWithType({ name }: FileName, type: string): string {
  const extension = `.${fileTypeOf(type).extensions[0]}`;
  return shorten(`${name || 'file'}${extension}`, (name || 'file').length);
}

/** Shortens the stem, never the extension, never inside a character. */
function shorten(name: string, dot: number): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const ending = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : '';
  let stem = '';
  let bytes = Buffer.byteLength(ending);
  for (const character of dot > 0 ? name.slice(0, dot) : name) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_BYTES) break;
    stem += character;
  }
  return `${stem}${ending}`;
}
