import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ConversationType } from '../../participants/participants.dto.js';
import type { CreateRole } from './conversation-types.dto.js';
import type { StoredSettings } from '../../participants/conversation-settings.constants.js';

export interface ConversationTypeRow {
  readonly name: string;
  readonly type: ConversationType;
  readonly description: string;
  readonly settings: StoredSettings;
  /** The lowest system role that may create conversations of the type. */
  readonly create_role: CreateRole;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const COLUMNS = 'name, type, description, settings, create_role, created_at, updated_at';

const ALL = statement<ConversationTypeRow>(
  'conversation_types.all',
  `select ${COLUMNS} from conversation_types order by created_at, name`,
);

const FIND = statement<ConversationTypeRow>(
  'conversation_types.find',
  `select ${COLUMNS} from conversation_types where name = $1`,
);

const FIND_TO_USE = statement<ConversationTypeRow>(
  'conversation_types.find_to_use',
  `select ${COLUMNS} from conversation_types where name = $1 for key share`,
);

const FIND_TO_CHANGE = statement<ConversationTypeRow>(
  'conversation_types.find_to_change',
  `select ${COLUMNS} from conversation_types where name = $1 for update`,
);

const INSERT = statement<ConversationTypeRow>(
  'conversation_types.insert',
  `insert into conversation_types (name, type, description, settings, create_role) values ($1, $2, $3, $4, $5)
   on conflict do nothing returning ${COLUMNS}`,
);

const UPDATE = statement<ConversationTypeRow>(
  'conversation_types.update',
  `update conversation_types
      set description = coalesce($2, description), settings = settings || $3::jsonb,
          create_role = coalesce($4, create_role), updated_at = date_trunc('milliseconds', clock_timestamp())
    where name = $1 returning ${COLUMNS}`,
);

const IS_USED = statement<{ is_used: boolean }>(
  'conversation_types.is_used',
  `select exists (select from conversations where type_name = $1) as is_used`,
);

const DELETE = statement<unknown>('conversation_types.delete', `delete from conversation_types where name = $1`);

/** Owns: conversation_types. Reads: conversations. */
@Injectable()
export class ConversationTypesRepository {
  constructor(private readonly sql: Sql) {}

  /** The oldest first. */
  all(tx: Queryable = this.sql): Promise<ConversationTypeRow[]> {
    return tx.many(ALL);
  }

  find(name: string): Promise<ConversationTypeRow | undefined> {
    return this.sql.one(FIND, [name]);
  }

  /** Locks the type until the end of the transaction; waits for conversations that are being created with it. */
  findToChange(tx: Queryable, name: string): Promise<ConversationTypeRow | undefined> {
    return tx.one(FIND_TO_CHANGE, [name]);
  }

  /** Locks the type until the end of the transaction, so that it is not deleted before a conversation has it. */
  findToUse(tx: Queryable, name: string): Promise<ConversationTypeRow | undefined> {
    return tx.one(FIND_TO_USE, [name]);
  }

  /** Undefined if the name is taken. */
  insert(
    tx: Queryable,
    row: Omit<ConversationTypeRow, 'created_at' | 'updated_at'>,
  ): Promise<ConversationTypeRow | undefined> {
    const { name, type, description, settings, create_role } = row;
    return tx.one(INSERT, [name, type, description, JSON.stringify(settings), create_role]);
  }

  async update(
    tx: Queryable,
    name: string,
    { description, settings, create_role }: { description?: string; settings: object; create_role?: CreateRole },
  ): Promise<ConversationTypeRow> {
    return (await tx.one(UPDATE, [name, description ?? null, JSON.stringify(settings), create_role ?? null]))!;
  }

  async isUsed(tx: Queryable, name: string): Promise<boolean> {
    return (await tx.one(IS_USED, [name]))!.is_used;
  }

  async delete(tx: Queryable, name: string): Promise<void> {
    await tx.run(DELETE, [name]);
  }
}
