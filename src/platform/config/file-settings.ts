import { address, choice, integer, list, text, type Setting } from './setting.js';

const MIB = 1024 * 1024;
const FILE_TYPE = /^(?:\.?[a-z0-9]{1,10}|[a-z]+\/[a-z0-9.+-]{1,100})$/i;

/** Where uploaded files live, which are taken, and how much of them. */
export const FILE_SETTINGS = {
  storage: choice({
    name: 'STORAGE',
    options: ['disk', 's3'],
    default: 'disk',
    sentence: 'Where uploaded files live: in DATA_DIR, or in an S3-compatible store (needed for several machines).',
  }),
  s3Endpoint: address({
    name: 'S3_ENDPOINT',
    schemes: ['https', 'http'],
    sentence: 'Address of the S3-compatible store, without the bucket.',
  }),
  s3Bucket: text({ name: 'S3_BUCKET', sentence: 'The bucket, which must exist and must not be public.' }),
  s3Region: text({ name: 'S3_REGION', default: 'us-east-1', sentence: 'Region the requests are signed for.' }),
  s3AccessKeyId: text({
    name: 'S3_ACCESS_KEY_ID',
    aliases: ['AWS_ACCESS_KEY_ID'],
    sentence: 'Key that may read, write and delete objects of the bucket.',
  }),
  s3SecretAccessKey: text({
    name: 'S3_SECRET_ACCESS_KEY',
    aliases: ['AWS_SECRET_ACCESS_KEY'],
    sentence: 'Secret of that key.',
  }),
  s3Downloads: choice({
    name: 'S3_DOWNLOADS',
    options: ['redirect', 'proxy'],
    default: 'redirect',
    sentence:
      'How files are downloaded from the store: by redirect to an address of the store that lives a minute, or through this server.',
  }),
  fileMaxImageBytes: integer({
    name: 'FILE_MAX_IMAGE_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 10 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest image.',
  }),
  fileMaxDocumentBytes: integer({
    name: 'FILE_MAX_DOCUMENT_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 25 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest document or archive.',
  }),
  fileMaxMediaBytes: integer({
    name: 'FILE_MAX_MEDIA_BYTES',
    aliases: ['MAX_FILE_SIZE'],
    default: 50 * MIB,
    min: 1,
    max: 1024 * MIB,
    sentence: 'Largest audio or video file.',
  }),
  fileTypes: list({
    name: 'FILE_TYPES',
    aliases: ['ALLOWED_FILE_TYPES'],
    check: (type) =>
      FILE_TYPE.test(type) ? undefined : 'is neither an extension such as .jpg nor a type such as image/jpeg',
    sentence: 'Comma list of the file types taken, as extensions or media types; unset: all that can be checked.',
  }),
  filesDir: text({
    name: 'FILES_DIR',
    aliases: ['UPLOAD_DIR'],
    sentence: 'Where uploaded files are kept when STORAGE is disk; unset: in DATA_DIR.',
  }),
  fileQuotaBytes: integer({
    name: 'FILE_QUOTA_BYTES',
    default: 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep.',
  }),
  fileQuotaBytesModerator: integer({
    name: 'FILE_QUOTA_BYTES_MODERATOR',
    default: 5 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep. For moderators.',
  }),
  fileQuotaBytesAdmin: integer({
    name: 'FILE_QUOTA_BYTES_ADMIN',
    default: 20 * 1024 * MIB,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    sentence: 'Bytes of files one user may keep. For admins.',
  }),
  fileQuotaCount: integer({
    name: 'FILE_QUOTA_COUNT',
    default: 5000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep.',
  }),
  fileQuotaCountModerator: integer({
    name: 'FILE_QUOTA_COUNT_MODERATOR',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep. For moderators.',
  }),
  fileQuotaCountAdmin: integer({
    name: 'FILE_QUOTA_COUNT_ADMIN',
    default: 50_000,
    min: 1,
    max: 1_000_000,
    sentence: 'Files one user may keep. For admins.',
  }),
  fileUploadsPerUser: integer({
    name: 'FILE_UPLOADS_PER_USER',
    default: 5,
    min: 1,
    max: 1000,
    sentence: 'Uploads one user may have in progress at a time, in each process.',
  }),
  fileUploadsPerAddress: integer({
    name: 'FILE_UPLOADS_PER_ADDRESS',
    default: 32,
    min: 1,
    max: 10_000,
    sentence: 'Uploads one address of clients may have in progress at a time, in each process, of however many users.',
  }),
  fileUploadsPerProcess: integer({
    name: 'FILE_UPLOADS_PER_PROCESS',
    default: 64,
    min: 1,
    max: 10_000,
    sentence: 'Uploads one process takes in at a time, of all users.',
  }),
  clamavUrl: address({
    name: 'CLAMAV_URL',
    schemes: ['tcp'],
    sentence:
      'A clamd that looks at every upload, as tcp://host:3310, in a private network; unset: the built-in checks alone.',
  }),
} satisfies Record<string, Setting<unknown>>;
