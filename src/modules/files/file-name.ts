import { cleanName } from '../../platform/validation/text.js';
import { fileTypeOf } from './file-types.js';

const MAX_BYTES = 200;
/** What one or another system reads as something else than a letter of a name. */
const SPECIAL = /[<>:"|?*\\/;`$]/g;
/** Names Windows gives to devices, whatever follows the dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Before the last extension these are read as the type by one server or system or another. */
const RUNS_ANYWAY = /\.(php\d?|phtml|phar|aspx?|jspx?|cgi|exe|scr|pif|bat|cmd|vbs|hta|msi|lnk|ps1|jar)(?=\.)/i;

export interface FileName {
  readonly name: string;
  /** Lower case, without its dot; undefined when there is none. */
  readonly extension: string | undefined;
}

/**
 * The name a file is kept under for people: its last segment only, on one line, without characters that hide, reorder,
 * or mean something to a shell, a path or a header. Bytes are never stored under it. Undefined for a name that is made
 * to deceive: with a NUL in it, plain or escaped, or with an extension that runs before the last one.
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
  if (RUNS_ANYWAY.test(name)) return undefined;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : undefined;
  return { name: shorten(name, dot), extension };
}

/** Without dots and blanks at its end. They are looked for from there: a pattern would begin anew at each dot. */
function withoutEnd(name: string): string {
  let end = name.length;
  while (end > 0 && /[.\s]/.test(name[end - 1]!)) end -= 1;
  return name.slice(0, end);
}

/** A name that says nothing of the type, as `blob` of a browser, is kept with the extension of what the file is. */
export function nameWithType({ name }: FileName, type: string): string {
  const extension = `.${fileTypeOf(type).extensions[0]}`;
  return shorten(`${name || 'file'}${extension}`, (name || 'file').length);
}

/** Cuts the stem, never the extension, never inside a character. */
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
