import { agreesWith, type FileStructure, type FileType, fileTypeOf } from '../file-types.js';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { requireNoActiveContent } from './active-content.js';
import { Bytes } from './bytes.js';
import { type Detected, detectType } from './detect-type.js';
import { requireAffordable } from './image-header.js';
import { type Charset, requireInertText } from './text.js';

/** A file as it is claimed to be, and what an installation takes. */
export interface FileClaim {
  readonly path: string;
  /** Of its name, in lower case; undefined where the name says nothing of the type. */
  readonly extension: string | undefined;
  readonly declaredType: string;
  readonly taken: readonly TakenType[];
}

export interface TakenType {
  readonly type: string;
  /** The most bytes a file of it may have. */
  readonly limit: number;
}

/** What it is. */
export interface CheckedFile {
  readonly type: string;
  readonly size: number;
  readonly duration?: number | undefined;
  /** Of text. */
  readonly charset?: Charset | undefined;
}

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
 * Everything that can be said of a file without unpacking or decoding it: content, extension and declared type agree;
 * it is no larger than its kind may be; it is whole; and it holds nothing that runs.
 * @throws InvalidFileType, FileTooLarge, MalwareDetected
 */
export async function checkFile(claim: FileClaim): Promise<CheckedFile> {
  const bytes = await Bytes.open(claim.path);
  try {
    if (bytes.size === 0) throw new InvalidFileType('is empty');
    const detected = await detectType(bytes);
    const fileType = chosen(claim, detected);
    const { limit } = claim.taken.find(({ type }) => type === fileType.type)!;
    if (bytes.size > limit) throw new FileTooLarge({ limit });
    await requireNoActiveContent(bytes, LOOKED_INTO_FOR_SCRIPTS[fileType.structure]);
    if (detected.image) requireAffordable(detected.image, fileType.type);
    if (detected.text) requireInertText(detected.text, fileType.type);
    return { type: fileType.type, size: bytes.size, duration: detected.duration, charset: detected.text?.charset };
  } finally {
    await bytes.close();
  }
}

/** The type of the content that name and declaration agree with; where the name says nothing the declaration chooses. */
function chosen({ extension, declaredType, taken }: FileClaim, { types }: Detected): FileType {
  const possible = types.filter((type) => taken.some((one) => one.type === type)).map(fileTypeOf);
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
