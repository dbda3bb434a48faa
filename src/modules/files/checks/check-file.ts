import { agreesWith, type FileStructure, type FileType, fileTypeOf } from '../file-types.js';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { requireNoActiveContent } from './active-content.js';
import { FileReader } from './file-reader.js';
import { type DetectedType, detectType } from './detect-type.js';
import { requireDecodableSize } from './image-header.js';
import { type Charset, requireInertText } from './text.js';

/** A file with its declared name and type, and the types that the installation allows. */
export interface DeclaredFile {
  readonly path: string;
  /** The extension of the name, in lower case; undefined if the name does not indicate the type. */
  readonly extension: string | undefined;
  readonly declaredType: string;
  readonly allowed: readonly AllowedType[];
}

export interface AllowedType {
  readonly type: string;
  /** The maximum size of a file of this type, in bytes. */
  readonly limit: number;
}

/** The detected properties of a file. */
export interface CheckedFile {
  readonly type: string;
  readonly size: number;
  readonly duration?: number | undefined;
  /** Of text only. */
  readonly charset?: Charset | undefined;
}

/** Entries of an archive may be pages and scripts; text has its own rule. */
const SCRIPT_SEARCH: Readonly<Record<FileStructure, 'everywhere' | 'ends' | 'nowhere'>> = {
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
 * All checks that need no unpacking or decoding: content, extension and declared type agree; the size is within the
 * limit of the type; the file is complete; and it contains nothing executable.
 * @throws InvalidFileType, FileTooLarge, MalwareDetected
 */
export async function checkFile(file: DeclaredFile): Promise<CheckedFile> {
  const reader = await FileReader.open(file.path);
  try {
    if (reader.size === 0) throw new InvalidFileType('is empty');
    const detected = await detectType(reader);
    const fileType = chooseType(file, detected);
    const { limit } = file.allowed.find(({ type }) => type === fileType.type)!;
    if (reader.size > limit) throw new FileTooLarge({ limit });
    await requireNoActiveContent(reader, SCRIPT_SEARCH[fileType.structure]);
    if (detected.image) requireDecodableSize(detected.image, fileType.type);
    if (detected.text) requireInertText(detected.text, fileType.type);
    return { type: fileType.type, size: reader.size, duration: detected.duration, charset: detected.text?.charset };
  } finally {
    await reader.close();
  }
}

/**
 * Returns the detected type that agrees with the name and the declared type. If the name does not indicate a type,
 * the declared type decides.
 */
function chooseType({ extension, declaredType, allowed }: DeclaredFile, { types }: DetectedType): FileType {
  const possible = types.filter((type) => allowed.some((one) => one.type === type)).map(fileTypeOf);
  if (extension !== undefined) {
    const named = possible.find(({ extensions }) => extensions.includes(extension));
    if (!named) throw new InvalidFileType('is not what its name says');
    if (!agreesWith(named, declaredType)) throw new InvalidFileType('is not what it is declared as');
    return named;
  }
  if (possible.length === 0) throw new InvalidFileType();
  const declared =
    possible.find(({ type }) => type === declaredType) ?? possible.find((one) => agreesWith(one, declaredType));
  if (!declared) throw new InvalidFileType('is not what it is declared as');
  return declared;
}
