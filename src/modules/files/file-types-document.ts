import { FILE_SETTINGS } from '../../platform/config/file-settings.js';
import { FILE_CATEGORIES, FILE_TYPES, type FileCategory } from './file-types.js';

const SIZE_SETTINGS: Readonly<Record<FileCategory, keyof typeof FILE_SETTINGS>> = {
  image: 'fileMaxImageBytes',
  document: 'fileMaxDocumentBytes',
  archive: 'fileMaxDocumentBytes',
  audio: 'fileMaxMediaBytes',
  video: 'fileMaxMediaBytes',
};

/** `docs/file-types.md`: every accepted type and its size limit. */
export function fileTypesDocument(): string {
  const rows = FILE_CATEGORIES.flatMap((category) =>
    FILE_TYPES.filter((known) => known.category === category).map(({ type, extensions, aliases }) => {
      const endings = extensions.map((extension) => `\`.${extension}\``).join(' ');
      const others = aliases.map((alias) => `\`${alias}\``).join(' ');
      return `| ${category} | ${endings} | \`${type}\` | ${others} | \`${FILE_SETTINGS[SIZE_SETTINGS[category]].name}\` |`;
    }),
  );
  return [
    '# File types',
    '',
    'The types that `POST /files` accepts, unless `FILE_TYPES` names fewer. Name, declared type and content have to agree; the',
    'content decides. A file that is declared without a type, or as `application/octet-stream`, is identified by the other two.',
    'A name without an extension (`blob`) gets that of its type. A signature counts only if the rest of the structure confirms',
    'it: text that only begins like a picture is text. Everything else is refused with 415 `INVALID_FILE_TYPE`; for an unknown',
    'extension `details.accepted` lists the accepted ones. SVG and HTML are refused, because they can contain scripts.',
    '',
    'Text is UTF-8, UTF-16 with a byte order mark, or Windows-1252, and is served as such, always as an attachment. UTF-16',
    'without the mark is refused. HEIC and AVIF keep their pixels, and their Exif and XMP are blanked.',
    'An image has at most 67 million pixels, a GIF 100 million and 3,000 frames, all frames together. Made from',
    '`src/modules/files/file-types.ts`.',
    '',
    'An image has thumbnails in WebP: `small` (at most 400 pixels wide and high), `medium` (1,000) and `large` (2,000), of which',
    'those that would only repeat a smaller one are omitted: `image_sizes` lists them, and `/files/{id}/thumbnail?size=` returns',
    'the largest up to that size. HEIC and HEIF, which most browsers do not display, also have `full`: a JPEG of the whole image;',
    'one that the decoder does not know has none of these. Source code is served as plain text; code that begins like a page',
    'or with `#!` is refused.',
    '',
    'Audio has a `waveform` of 64 numbers from 0 to 100: WAV, MP3, Ogg with Opus or Vorbis, and WebM with Opus; of compressed',
    'sound up to an hour, and of Opus and Vorbis with at most two channels. M4A (AAC), for which there is no maintained decoder in',
    'WebAssembly, has one only with ffmpeg. A video has thumbnails of the same sizes only with ffmpeg (`FFMPEG_PATH`): of the key frame before',
    'a tenth of its duration, or of the first. A file whose sound or frames cannot be decoded, in 40 s of sound and 20 s of ffmpeg, is',
    'accepted without them.',
    '',
    '| Kind | Extension | Served as | Declared also as | Largest |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
