import { InvalidFileType } from '../files.errors.js';
import type { ZipDirectory } from './zip-directory.js';

const OOXML = 'application/vnd.openxmlformats-officedocument';
/** The part that identifies the document type of a package. */
const MAIN_PARTS: readonly (readonly [string, string])[] = [
  ['word/document.xml', `${OOXML}.wordprocessingml.document`],
  ['xl/workbook.xml', `${OOXML}.spreadsheetml.sheet`],
  ['ppt/presentation.xml', `${OOXML}.presentationml.presentation`],
];
const ODF_TYPES = new Set([
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
]);
const CONTENT_TYPES = '[Content_Types].xml';
const CONTENT_TYPES_MAX = 1024 * 1024;
const MACRO_PART = /(?:^|\/)(?:vbaProject|vbaData|vbaProjectSignature)\.\w+$|(?:^|\/)activeX\//i;
/** Archives that are programs, for Java or Android. */
const PROGRAM_PARTS = ['META-INF/MANIFEST.MF', 'AndroidManifest.xml', 'classes.dex'];
const ODF_MACROS = /^(?:Basic|Scripts)\/./;

/**
 * Returns the type of a zip: an Office or OpenDocument document, or an archive.
 * @throws InvalidFileType when it has macros, is a program, or is an incomplete document
 */
export async function zipType(zip: ZipDirectory): Promise<string> {
  const odf = await odfType(zip);
  if (odf) return odf;
  if (zip.find(CONTENT_TYPES)) return ooxmlType(zip);
  if (PROGRAM_PARTS.some((part) => zip.find(part))) throw new InvalidFileType('is a program');
  return 'application/zip';
}

async function ooxmlType(zip: ZipDirectory): Promise<string> {
  const types = await zip.text(zip.find(CONTENT_TYPES)!, CONTENT_TYPES_MAX);
  const hasMacros = /macroEnabled|vbaProject|activeX/i.test(types);
  if (hasMacros || zip.entries.some(({ fileName }) => MACRO_PART.test(fileName))) {
    throw new InvalidFileType('has macros');
  }
  const main = MAIN_PARTS.find(([part]) => zip.find(part));
  if (!main) throw new InvalidFileType();
  return main[1];
}

async function odfType(zip: ZipDirectory): Promise<string | undefined> {
  const first = zip.entries[0];
  if (first?.fileName !== 'mimetype') return undefined;
  if (first.compressionMethod !== 0) throw InvalidFileType.broken();
  const type = await zip.text(first, 256);
  if (!ODF_TYPES.has(type) || !zip.find('content.xml')) throw new InvalidFileType();
  if (zip.entries.some(({ fileName }) => ODF_MACROS.test(fileName))) throw new InvalidFileType('has macros');
  return type;
}
