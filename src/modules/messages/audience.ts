import { SYSTEM_USER_ID } from '../users/system-user.constants.js';

/** Who sees a message besides its sender; null: all participants, empty: no other user. */
export interface LimitedMessage {
  readonly sender_id: string;
  readonly audience: readonly string[] | null;
}

/** As the SQL function `is_in_audience`: readers who need not be participants (undefined) see all messages. */
export function isInAudience({ sender_id, audience }: LimitedMessage, readerId: string | undefined): boolean {
  return (
    audience === null ||
    readerId === undefined ||
    readerId === sender_id ||
    readerId === SYSTEM_USER_ID ||
    audience.includes(readerId)
  );
}

/** All who receive events about a message, with the account in whose name the host's backend reads; undefined: everyone. */
export function readersOf({ sender_id, audience }: LimitedMessage): readonly string[] | undefined {
  return audience === null ? undefined : [...audience, sender_id, SYSTEM_USER_ID];
}

/** Whether the sender was shadow-banned when they sent it: no other user sees it. */
export function isShadowed({ audience }: Pick<LimitedMessage, 'audience'>): boolean {
  return audience?.length === 0;
}

/** The audience as the sender has stated it, which is all that they see of it; null: all participants. */
export function statedAudienceOf<Ids extends readonly string[]>(row: {
  readonly audience: Ids | null;
  readonly stated_audience?: Ids | null;
}): Ids | null {
  return isShadowed(row) ? (row.stated_audience ?? null) : row.audience;
}

const STATED_AUDIENCE = `coalesce(m.stated_audience, nullif(m.audience, '{}'))`;
const markOfAudience = (mark: string): string => `(
    select min(${mark}) from participants p
     where p.conversation_id = m.conversation_id and p.user_id = any(${STATED_AUDIENCE}) and p.left_seq is null
       and p.user_id <> m.sender_id)`;

/** What all who see the message `m` have read and received, as columns: the receipts of the conversation, or of its audience. */
export const RECEIPTS_OF_AUDIENCE = `
  case when ${STATED_AUDIENCE} is null then receipts.read_by_all_number
       else ${markOfAudience('p.last_read_number')} end as read_by_all_number,
  case when ${STATED_AUDIENCE} is null then receipts.delivered_to_all_number
       else ${markOfAudience('greatest(p.last_delivered_number, p.last_read_number)')} end as delivered_to_all_number`;
