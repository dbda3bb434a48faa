import type { Disposition } from './files.dto.js';

/** What RFC 8187 lets stand as it is. */
const PLAIN = /[A-Za-z0-9!#$&+.^_`|~-]/;

/**
 * The header of RFC 6266: a name in ASCII for old programs, and the real one. Nothing of the name can end the header.
 */
export function contentDisposition(disposition: Disposition, name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%;]/g, '_');
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${escaped(name)}`;
}

function escaped(name: string): string {
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += byte < 0x80 && PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
