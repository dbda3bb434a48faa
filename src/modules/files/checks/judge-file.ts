import { ValidationError } from '../../../platform/errors/app-error.js';
import { cleanFileName } from '../file-name.js';
import { agreesWith, type FileCategory, type FileStructure, type FileType } from '../file-types.js';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { requireNoActiveContent } from './active-content.js';
import { require7z, requireRar } from './archive-headers.js';
import { Bytes } from './bytes.js';
import { detectType } from './detect-type.js';
import { requireSmallImage } from './image-header.js';
import { requirePlainText } from './text.js';

/** What somebody says a file is. */
export interface ClaimedFile {
  readonly path: string;
  readonly name: string;
  readonly declaredType: string;
}

/** What it is. */
export interface JudgedFile {
  readonly name: string;
  readonly fileType: FileType;
  readonly size: number;
  readonly duration: number | undefined;
}

/** What an installation takes. */
export interface Acceptance {
  readonly types: readonly FileType[];
  /** The most bytes a file of this kind may have. */
  readonly limitOf: (category: FileCategory) => number;
}

const PDF_END = 1024;

/** Entries of an archive may be pages and scripts; text has a rule of its own. */
const LOOKED_INTO_FOR_SCRIPTS: Readonly<Record<FileStructure, 'everywhere' | 'ends' | 'nowhere'>> = {
  image: 'everywhere',
  pdf: 'ends',
  compound: 'ends',
  rtf: 'ends',
  media: 'ends',
  text: 'nowhere',
  zip: 'nowhere',
  rar: 'nowhere',
  '7z': 'nowhere',
};

/**
 * Everything that can be told of a file without unpacking or decoding it, in the time of a request: content, extension
 * and declared type agree; it is no larger than its kind may be; it is whole; and it holds nothing that runs.
 * @throws ValidationError, InvalidFileType, FileTooLarge, MalwareDetected
 */
export async function judgeFile(
  { path, name: rawName, declaredType }: ClaimedFile,
  { types: taken, limitOf }: Acceptance,
): Promise<JudgedFile> {
  const name = cleanFileName(rawName);
  if (!name) throw ValidationError.of('file', 'has a name that is not allowed');
  const claimed = taken.filter(({ extensions }) => extensions.includes(name.extension));
  if (claimed.length === 0) throw InvalidFileType.none(taken.flatMap(({ extensions }) => extensions));
  const bytes = await Bytes.open(path);
  try {
    if (bytes.size === 0) throw new InvalidFileType('is empty');
    const { types, duration } = await detectType(bytes);
    const fileType = claimed.find(({ type }) => types.includes(type));
    if (!fileType) throw new InvalidFileType('is not what its name says');
    if (!agreesWith(fileType, declaredType)) throw new InvalidFileType('is not what it is declared as');
    const limit = limitOf(fileType.category);
    if (bytes.size > limit) throw new FileTooLarge({ limit });
    await requireSound(bytes, fileType);
    return { name: name.name, fileType, size: bytes.size, duration };
  } finally {
    await bytes.close();
  }
}

async function requireSound(bytes: Bytes, { structure, type }: FileType): Promise<void> {
  await requireNoActiveContent(bytes, LOOKED_INTO_FOR_SCRIPTS[structure]);
  switch (structure) {
    case 'image':
      return requireSmallImage(bytes, type);
    case 'text':
      return requirePlainText(bytes);
    case 'pdf':
      return requirePdfEnd(bytes);
    case 'rar':
      return requireRar(bytes);
    case '7z':
      return require7z(bytes);
    default:
      return;
  }
}

/** A PDF ends with its own mark: something appended behind it is for another program. */
async function requirePdfEnd(bytes: Bytes): Promise<void> {
  const end = (await bytes.read(Math.max(0, bytes.size - PDF_END), PDF_END)).toString('latin1');
  if (!/%%EOF[\s\0]*$/.test(end)) throw new InvalidFileType('is broken');
}
