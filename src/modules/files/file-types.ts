export const FILE_CATEGORIES = ['image', 'document', 'audio', 'video', 'archive'] as const;
export type FileCategory = (typeof FILE_CATEGORIES)[number];

/** The structure of a type, which decides how its bytes are checked. */
export type FileStructure = 'image' | 'pdf' | 'compound' | 'zip' | 'rtf' | 'text' | 'media' | 'rar' | '7z';

export interface FileType {
  /** The type it is served as. */
  readonly type: string;
  readonly category: FileCategory;
  readonly structure: FileStructure;
  readonly extensions: readonly string[];
  /** Other types under which programs declare it. */
  readonly aliases: readonly string[];
}

function fileType(
  type: string,
  category: FileCategory,
  structure: FileStructure,
  extensions: string[],
  aliases: string[] = [],
): FileType {
  return { type, category, structure, extensions, aliases };
}

const OOXML = 'application/vnd.openxmlformats-officedocument';
const ODF = 'application/vnd.oasis.opendocument';

/** Declared by programs that know only the container. */
const ZIPPED = ['application/zip', 'application/x-zip-compressed'];
const COMPOUND = ['application/x-ole-storage', 'application/vnd.ms-office', 'application/x-cfb'];

/** Source code and configuration, served as plain text. Not HTML and SVG, which a browser would run. */
const CODE_EXTENSIONS = [
  ...[
    'c',
    'h',
    'cc',
    'cpp',
    'hpp',
    'cs',
    'css',
    'dart',
    'diff',
    'go',
    'gradle',
    'hs',
    'ini',
    'java',
    'js',
    'jsx',
    'kt',
  ],
  ...['lua', 'patch', 'php', 'pl', 'proto', 'py', 'r', 'rb', 'rs', 'scala', 'scss', 'sh', 'sql', 'srt', 'swift', 'tex'],
  ...['toml', 'ts', 'tsx', 'vtt', 'vue', 'yaml', 'yml'],
];
/** Declared by browsers and editors. A TypeScript file has the extension of an MPEG transport stream. */
const CODE_TYPES = [
  ...['c', 'c++', 'chdr', 'csrc', 'c++src', 'csharp', 'diff', 'go', 'java', 'java-source', 'lua', 'perl', 'php'].map(
    (name) => `text/x-${name}`,
  ),
  ...['python', 'python-script', 'ruby', 'rust', 'scss', 'sh', 'sql', 'swift', 'tex', 'typescript', 'yaml'].map(
    (name) => `text/x-${name}`,
  ),
  ...['text/css', 'text/javascript', 'text/vtt', 'text/yaml', 'text/jsx', 'text/tsx', 'text/typescript'],
  ...['javascript', 'sql', 'toml', 'typescript', 'x-httpd-php', 'x-javascript', 'x-perl', 'x-php', 'x-python'].map(
    (name) => `application/${name}`,
  ),
  ...['x-ruby', 'x-sh', 'x-shellscript', 'x-sql', 'x-subrip', 'x-tex', 'x-yaml', 'yaml'].map(
    (name) => `application/${name}`,
  ),
  ...['video/mp2t', 'video/vnd.dlna.mpeg-tts'],
];

/** Every accepted type; any other is refused. */
export const FILE_TYPES: readonly FileType[] = [
  fileType('image/jpeg', 'image', 'image', ['jpg', 'jpeg', 'jfif', 'jpe'], ['image/jpg', 'image/pjpeg', 'image/jfif']),
  fileType('image/png', 'image', 'image', ['png'], ['image/apng', 'image/x-png']),
  fileType('image/gif', 'image', 'image', ['gif']),
  fileType('image/webp', 'image', 'image', ['webp']),
  fileType('image/avif', 'image', 'image', ['avif'], ['image/avif-sequence']),
  fileType('image/heic', 'image', 'image', ['heic'], ['image/heif', 'image/heic-sequence']),
  fileType('image/heif', 'image', 'image', ['heif', 'hif'], ['image/heic', 'image/heif-sequence']),
  fileType('image/bmp', 'image', 'image', ['bmp'], ['image/x-ms-bmp', 'image/x-bmp']),
  fileType('image/tiff', 'image', 'image', ['tif', 'tiff']),
  fileType('application/pdf', 'document', 'pdf', ['pdf'], ['application/x-pdf']),
  fileType('application/msword', 'document', 'compound', ['doc'], COMPOUND),
  fileType(`${OOXML}.wordprocessingml.document`, 'document', 'zip', ['docx'], [...ZIPPED, 'application/msword']),
  fileType('application/vnd.ms-excel', 'document', 'compound', ['xls'], COMPOUND),
  fileType(`${OOXML}.spreadsheetml.sheet`, 'document', 'zip', ['xlsx'], [...ZIPPED, 'application/vnd.ms-excel']),
  fileType('application/vnd.ms-powerpoint', 'document', 'compound', ['ppt'], COMPOUND),
  fileType(
    `${OOXML}.presentationml.presentation`,
    'document',
    'zip',
    ['pptx'],
    [...ZIPPED, 'application/vnd.ms-powerpoint'],
  ),
  fileType(
    'text/plain',
    'document',
    'text',
    ['txt', 'log', 'text', ...CODE_EXTENSIONS],
    ['text/x-log', 'application/x-log', 'application/txt', ...CODE_TYPES],
  ),
  // Windows declares CSV with the type of Excel once that is installed.
  fileType(
    'text/csv',
    'document',
    'text',
    ['csv'],
    [
      'text/comma-separated-values',
      'text/x-comma-separated-values',
      'text/x-csv',
      'application/csv',
      'application/x-csv',
      'text/plain',
      'application/vnd.ms-excel',
    ],
  ),
  fileType('text/markdown', 'document', 'text', ['md', 'markdown'], ['text/x-markdown', 'text/plain']),
  fileType('application/json', 'document', 'text', ['json'], ['text/json', 'application/x-json', 'text/plain']),
  fileType('application/rtf', 'document', 'rtf', ['rtf'], ['text/rtf', 'application/x-rtf', 'application/msword']),
  fileType(`${ODF}.text`, 'document', 'zip', ['odt'], ZIPPED),
  fileType(`${ODF}.spreadsheet`, 'document', 'zip', ['ods'], ZIPPED),
  fileType(`${ODF}.presentation`, 'document', 'zip', ['odp'], ZIPPED),
  fileType('audio/mpeg', 'audio', 'media', ['mp3'], ['audio/mp3', 'audio/x-mp3', 'audio/x-mpeg', 'audio/mpeg3']),
  fileType('audio/wav', 'audio', 'media', ['wav'], ['audio/x-wav', 'audio/wave', 'audio/vnd.wave']),
  fileType('audio/mp4', 'audio', 'media', ['m4a', 'mp4'], ['audio/x-m4a', 'audio/m4a', 'audio/aac', 'video/mp4']),
  fileType(
    'audio/ogg',
    'audio',
    'media',
    ['ogg', 'oga', 'opus'],
    ['application/ogg', 'audio/opus', 'audio/x-opus+ogg', 'audio/vorbis', 'audio/x-ogg'],
  ),
  fileType('audio/webm', 'audio', 'media', ['weba', 'webm'], ['video/webm']),
  fileType('video/mp4', 'video', 'media', ['mp4', 'm4v'], ['video/x-m4v']),
  fileType('video/webm', 'video', 'media', ['webm']),
  fileType('video/x-msvideo', 'video', 'media', ['avi'], ['video/avi', 'video/vnd.avi', 'video/msvideo']),
  fileType('video/quicktime', 'video', 'media', ['mov']),
  fileType('application/zip', 'archive', 'zip', ['zip'], ['application/x-zip-compressed', 'application/x-zip']),
  fileType('application/vnd.rar', 'archive', 'rar', ['rar'], ['application/x-rar-compressed', 'application/x-rar']),
  fileType('application/x-7z-compressed', 'archive', '7z', ['7z']),
];

const BY_TYPE = new Map(FILE_TYPES.map((known) => [known.type, known]));

/** @throws Error for a type that is not in the table: callers pass only types from there */
export function fileTypeOf(type: string): FileType {
  const known = BY_TYPE.get(type);
  if (!known) throw new Error(`no such file type: ${type}`);
  return known;
}

/** Declared by programs that do not know the type. */
const UNDECLARED = new Set(['', 'application/octet-stream', 'binary/octet-stream']);

/** Whether the declared type is this one, or none. */
export function agreesWith({ type, aliases }: FileType, declared: string): boolean {
  const named = declared.split(';', 1)[0]!.trim().toLowerCase();
  return named === type || aliases.includes(named) || UNDECLARED.has(named);
}

const SERVED_TYPES = new Set(FILE_TYPES.map(({ type }) => type));

const KNOWN_NAMES = new Set(FILE_TYPES.flatMap(({ type, aliases, extensions }) => [type, ...aliases, ...extensions]));

/** Returns the configured names that no type has, so that they would never match. */
export function unknownTypes(named: readonly string[]): string[] {
  return named.filter((name) => !KNOWN_NAMES.has(plainName(name)));
}

/**
 * Whether the configuration allows files of a type. It names types by extension (`.jpg`, which includes `.jpeg`) or by
 * media type; without names every known type is allowed.
 */
export function isAllowedType({ type, aliases, extensions }: FileType, named: readonly string[]): boolean {
  if (named.length === 0) return true;
  // Windows declares CSV with the type of Excel; a configuration that names the type of Excel does not mean CSV.
  const names = new Set([type, ...aliases.filter((alias) => !SERVED_TYPES.has(alias)), ...extensions]);
  return named.some((name) => names.has(plainName(name)));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\./, '');
}
