/** The dialects: API families beside `/api/v1`. Each is the documented API of one existing client. */
export const DIALECT_NAMES = ['messaging', 'direct', 'classroom', 'chat', 'rooms'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** `all`, `none`, or a comma list. @throws Error whose message completes "DIALECTS …" */
export function parseDialects(text: string): readonly DialectName[] {
  if (text === 'all') return DIALECT_NAMES;
  if (text === 'none') return [];
  const requested = text.split(',').map((name) => name.trim());
  const unknown = requested.filter((name) => !(DIALECT_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`must be all, none, or a comma list of ${DIALECT_NAMES.join(', ')}`);
  return DIALECT_NAMES.filter((name) => requested.includes(name));
}
