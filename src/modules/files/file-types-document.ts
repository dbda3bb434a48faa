import { FILE_SETTINGS } from '../../platform/config/file-settings.js';
import { FILE_CATEGORIES, FILE_TYPES, type FileCategory } from './file-types.js';

const LARGEST: Readonly<Record<FileCategory, keyof typeof FILE_SETTINGS>> = {
  image: 'fileMaxImageBytes',
  document: 'fileMaxDocumentBytes',
  archive: 'fileMaxDocumentBytes',
  audio: 'fileMaxMediaBytes',
  video: 'fileMaxMediaBytes',
};

/** `docs/file-types.md`: every type that is taken, and how large it may be. */
export function fileTypesDocument(): string {
  const rows = FILE_CATEGORIES.flatMap((category) =>
    FILE_TYPES.filter((known) => known.category === category).map(({ type, extensions, aliases }) => {
      const endings = extensions.map((extension) => `\`.${extension}\``).join(' ');
      const others = aliases.map((alias) => `\`${alias}\``).join(' ');
      return `| ${category} | ${endings} | \`${type}\` | ${others} | \`${FILE_SETTINGS[LARGEST[category]].name}\` |`;
    }),
  );
  return [
    '# File types',
    '',
    'What `POST /files` takes, unless `FILE_TYPES` names fewer. Name, declared type and content have to agree; a file that is',
    'declared as nothing, or as `application/octet-stream`, is judged by the other two. Everything else is refused with 415',
    '`INVALID_FILE_TYPE`; for an extension of none of them `details.accepted` lists those that are taken. Phones take pictures',
    'as HEIC: the app has to convert them to JPEG before the upload. SVG and HTML are not taken, because they run. Made from',
    '`src/modules/files/file-types.ts`.',
    '',
    '| Kind | Extension | Served as | Declared also as | Largest |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
