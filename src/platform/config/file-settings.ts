import { choice, integer, list, text, url, type Setting } from './setting.js';

const MIB = 1024 * 1024;
const FILE_TYPE = /^(?:\.?[a-z0-9]{1,10}|[a-z]+\/[a-z0-9.+-]{1,100})$/i;

/** Where uploaded files are stored, which types are allowed, and the quotas. */
export const FILE_SETTINGS = {
  storage: choice({
    name: 'STORAGE',
    options: ['disk', 's3'],
    default: 'disk',
    description:
      'Where uploaded files are stored: in DATA_DIR, or in an S3-compatible store (required for several machines).',
  }),
  s3Endpoint: url({
    name: 'S3_ENDPOINT',
    schemes: ['https', 'http'],
    description: 'URL of the S3-compatible store, without the bucket.',
  }),
  s3Bucket: text({ name: 'S3_BUCKET', description: 'The bucket, which must exist and must not be public.' }),
  s3Region: text({ name: 'S3_REGION', default: 'us-east-1', description: 'Region for which requests are signed.' }),
  s3AccessKeyId: text({
    name: 'S3_ACCESS_KEY_ID',
    aliases: ['AWS_ACCESS_KEY_ID'],
    description: 'Access key that may read, write and delete objects of the bucket.',
  }),
  s3SecretAccessKey: text({
    name: 'S3_SECRET_ACCESS_KEY',
    aliases: ['AWS_SECRET_ACCESS_KEY'],
    description: 'Secret of the access key.',
  }),
  s3Downloads: choice({
    name: 'S3_DOWNLOADS',
    options: ['redirect', 'proxy'],
    default: 'redirect',
    description:
      'How files are downloaded from the store: by redirect to a URL of the store that is valid for one minute, or through this server.',
  }),
  fileMaxImageBytes: integer({
    name: 'FILE_MAX_IMAGE_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 10 * MIB,
    min: 1,
    max: 1024 * MIB,
    description: 'Maximum size of an image in bytes.',
  }),
  fileMaxDocumentBytes: integer({
    name: 'FILE_MAX_DOCUMENT_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 25 * MIB,
    min: 1,
    max: 1024 * MIB,
    description: 'Maximum size of a document or archive in bytes.',
  }),
  fileMaxMediaBytes: integer({
    name: 'FILE_MAX_MEDIA_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 50 * MIB,
    min: 1,
    max: 1024 * MIB,
    description: 'Maximum size of an audio or video file in bytes.',
  }),
  fileTypes: list({
    name: 'FILE_TYPES',
    aliases: ['ALLOWED_FILE_TYPES'],
    check: (type) =>
      FILE_TYPE.test(type) ? undefined : 'is neither an extension such as .jpg nor a type such as image/jpeg',
    description:
      'Comma list of the allowed file types, as extensions or media types; unset: all types that can be checked.',
  }),
  filesDir: text({
    name: 'FILES_DIR',
    aliases: ['UPLOAD_DIR'],
    description: 'Directory of uploaded files when STORAGE is disk; unset: in DATA_DIR.',
  }),
  fileQuotaBytes: integer({
    name: 'FILE_QUOTA_BYTES',
    default: 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Bytes of files one user may store.',
  }),
  fileQuotaBytesModerator: integer({
    name: 'FILE_QUOTA_BYTES_MODERATOR',
    default: 5 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Bytes of files one user may store. For moderators.',
  }),
  fileQuotaBytesAdmin: integer({
    name: 'FILE_QUOTA_BYTES_ADMIN',
    default: 20 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Bytes of files one user may store. For admins.',
  }),
  fileQuotaCount: integer({
    name: 'FILE_QUOTA_COUNT',
    default: 5000,
    min: 1,
    max: 1_000_000,
    description: 'Files one user may store.',
  }),
  fileQuotaCountModerator: integer({
    name: 'FILE_QUOTA_COUNT_MODERATOR',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description: 'Files one user may store. For moderators.',
  }),
  fileQuotaCountAdmin: integer({
    name: 'FILE_QUOTA_COUNT_ADMIN',
    default: 50_000,
    min: 1,
    max: 1_000_000,
    description: 'Files one user may store. For admins.',
  }),
  fileUploadsPerUser: integer({
    name: 'FILE_UPLOADS_PER_USER',
    default: 5,
    min: 1,
    max: 1000,
    description: 'Uploads one user may have in progress at the same time, in each process.',
  }),
  fileUploadsPerAddress: integer({
    name: 'FILE_UPLOADS_PER_ADDRESS',
    default: 32,
    min: 1,
    max: 10_000,
    description:
      'Uploads one IP address may have in progress at the same time, in each process, for all its users together.',
  }),
  fileUploadsPerProcess: integer({
    name: 'FILE_UPLOADS_PER_PROCESS',
    default: 64,
    min: 1,
    max: 10_000,
    description: 'Uploads one process may have in progress at the same time, for all users together.',
  }),
  fileUploadHours: integer({
    name: 'FILE_UPLOAD_HOURS',
    default: 24,
    min: 1,
    max: 24 * 30,
    description: 'Hours that an upload which can be continued waits for more bytes; until then it reserves its size.',
  }),
  ffmpegPath: text({
    name: 'FFMPEG_PATH',
    default: 'ffmpeg',
    description:
      'The program that makes posters of videos and waveforms of M4A: its path, or its name on PATH; off: without. Where it is not found, they are omitted.',
  }),
  clamavUrl: url({
    name: 'CLAMAV_URL',
    schemes: ['tcp'],
    description:
      'A clamd in a private network that scans every upload, as tcp://host:3310; unset: only the built-in checks.',
  }),
} satisfies Record<string, Setting<unknown>>;
