/** What a server key may do. A route declares the scope it needs with `@RequiresScope`; all others refuse keys. */
export const SCOPES = [
  'users:read',
  'users:write',
  'tokens:create',
  'conversations:read',
  'conversations:write',
  'messages:read',
  'messages:write',
  'files:write',
  'moderation',
  'webhooks',
  'act-as',
  'admin:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** The server key by which the backend of the host made a call. */
export interface ServerKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Whether the call is made as a user (`X-Act-As`). Otherwise it is made by the backend of the host itself. */
  readonly actsAsUser: boolean;
}

/** Begins every server key: `psk_<id>_<secret>`. */
export const SERVER_KEY_PREFIX = 'psk_';
