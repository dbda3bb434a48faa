import type { FieldProblem } from '../../platform/errors/app-error.js';
import { requireCursor } from '../../platform/pagination/page.js';
import { EnumField, IntField, RefusedFields, TextField, UuidField } from '../../platform/validation/fields.js';
import { UserIdField } from '../../platform/validation/user-id-field.js';
import { TimeField } from '../../platform/validation/time-field.js';
import { FieldRule, InputRule } from '../../platform/validation/input-rules.js';
import { MESSAGE_TYPES, type MessageType } from './messages.dto.js';

export class PageQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: 'Opaque; `next_cursor` of the previous page' })
  cursor?: string;
}

/** The parameters that set where a page begins: one of them, or none for the newest messages. */
const PAGE_STARTS = ['cursor', 'before', 'after', 'before_number', 'after_number', 'around'] as const;

/** Only one page start is allowed: reports all but the first. */
export function problemsOfPageStart(query: {
  readonly [Start in (typeof PAGE_STARTS)[number]]?: unknown;
}): FieldProblem[] {
  const [first, ...others] = PAGE_STARTS.filter((name) => query[name] !== undefined);
  return others.map((name) => ({ field: name, reason: `cannot be combined with ${first}` }));
}

@RefusedFields({
  after_seq: 'seq counts events; messages are paged by their sequence_number: use after_number',
  before_seq: 'seq counts events; messages are paged by their sequence_number: use before_number',
})
@InputRule(problemsOfPageStart)
export class ListMessagesQuery extends PageQuery {
  @UuidField({ optional: true, description: 'Messages older than this one, newest first' })
  before?: string;

  @UuidField({ optional: true, description: 'Messages newer than this one, oldest first' })
  after?: string;

  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Messages with a higher sequence_number, oldest first',
  })
  after_number?: number;

  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Messages with a lower sequence_number, newest first',
  })
  before_number?: number;

  @UuidField({ optional: true, description: 'A page with this message in its middle' })
  around?: string;

  @EnumField({ values: MESSAGE_TYPES, optional: true })
  type?: MessageType;

  @TimeField({ optional: true })
  from?: string;

  @TimeField({ optional: true })
  to?: string;

  @UserIdField({ optional: true })
  sender_id?: string;
}

export class HistoryFrameDto extends ListMessagesQuery {
  @UuidField()
  conversation_id: string;
}

const SEARCH_ORDERS = ['time', 'rank'] as const;

export class SearchMessagesQuery extends PageQuery {
  @TextField({
    min: 1,
    max: 256,
    description:
      'Words, "phrases", -excluded. Case and accents are ignored; the last word may be a prefix; Chinese, Japanese, ' +
      'Korean and Thai are found within sentences; names of attached files are found too; only the first 16 words are ' +
      'used. Operators: from:<user name, id or me>, in:<id, slug or title of a conversation>, ' +
      'has:file|image|video|audio|document|archive|link|poll|location|contact, mentions:me, before:<day or time>, after:<day or time>. ' +
      'A query needs a word, from:, has: or mentions:me',
    example: 'report from:me has:file after:2026-01-31',
  })
  q: string;

  @EnumField({
    values: SEARCH_ORDERS,
    optional: true,
    description: 'time (default): newest first. rank: of the newest 200 hits, those that match best first',
  })
  sort?: (typeof SEARCH_ORDERS)[number];

  @UuidField({ optional: true })
  conversation_id?: string;

  @UserIdField({ optional: true })
  sender_id?: string;

  @EnumField({ values: MESSAGE_TYPES, optional: true })
  type?: MessageType;

  @TimeField({ optional: true })
  from?: string;

  @TimeField({ optional: true })
  to?: string;
}
