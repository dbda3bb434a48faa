import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../../platform/database/sql.js';
import { PermissionDenied, ValidationError } from '../../../platform/errors/app-error.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import type { StoredSettings } from '../../participants/conversation-settings.constants.js';
import { problemsOfWiderSettings, typeSettingsOf } from '../../participants/conversation-settings.policy.js';
import type { ConversationType } from '../../participants/participants.dto.js';
import { hasRank, UsersPolicy } from '../../users/users.policy.js';
import {
  ConversationTypeExists,
  ConversationTypeInUse,
  ConversationTypeNotFound,
  TooManyConversationTypes,
} from '../conversations.errors.js';
import { ConversationTypeChanged } from '../conversations.events.js';
import type {
  ConversationTypeDto,
  CreateConversationTypeDto,
  UpdateConversationTypeDto,
} from './conversation-types.dto.js';
import { type ConversationTypeRow, ConversationTypesRepository } from './conversation-types.repository.js';

const TYPES_MAX = 100;
const BUILT_IN: ReadonlySet<string> = new Set(['direct', 'group', 'room', 'broadcast']);

/** What decides which conversation type a new conversation has. */
interface TypeChoice {
  readonly type: ConversationType;
  readonly type_name?: string;
  readonly settings?: object;
}

/**
 * Conversation types: which features their conversations have at most, who may do what there, and the limits. Admins
 * change them, and keys of the host. A change applies at once: everything reads the type together with the conversation.
 */
@Injectable()
export class ConversationTypesService {
  constructor(
    private readonly repository: ConversationTypesRepository,
    private readonly users: UsersPolicy,
    private readonly events: DomainEvents,
    private readonly log: EventLog,
  ) {}

  /** All of them, the oldest first. @throws PermissionDenied */
  async list(actor: Actor): Promise<{ data: ConversationTypeDto[] }> {
    await this.users.requireRank(actor, 'admin');
    return { data: (await this.repository.all()).map(present) };
  }

  /** @throws PermissionDenied, ConversationTypeNotFound */
  async get(actor: Actor, name: string): Promise<ConversationTypeDto> {
    await this.users.requireRank(actor, 'admin');
    return present(required(await this.repository.find(name)));
  }

  /** @throws PermissionDenied, ConversationTypeExists, TooManyConversationTypes */
  async create(actor: Actor, dto: CreateConversationTypeDto): Promise<ConversationTypeDto> {
    const { name, type, description = '', settings = {}, create_role = 'user' } = dto;
    const row = await this.withLock(actor, async (tx) => {
      if ((await this.repository.all(tx)).length >= TYPES_MAX) throw new TooManyConversationTypes(TYPES_MAX);
      const created = await this.repository.insert(tx, {
        ...{ name, type, description, create_role },
        settings: { ...settings },
      });
      if (!created) throw new ConversationTypeExists();
      audit(tx, actor, 'conversation_type.create', { name, after: created });
      return created;
    });
    return present(row);
  }

  /** The users who are connected receive their new capabilities. @throws PermissionDenied, ConversationTypeNotFound */
  async update(actor: Actor, name: string, dto: UpdateConversationTypeDto): Promise<ConversationTypeDto> {
    const row = await this.withLock(actor, async (tx) => {
      const before = required(await this.repository.findToChange(tx, name));
      const after = await this.repository.update(tx, name, { ...dto, settings: { ...dto.settings } });
      audit(tx, actor, 'conversation_type.update', { name, before, after });
      return after;
    });
    this.events.publish(new ConversationTypeChanged(name));
    return present(row);
  }

  /** @throws PermissionDenied, ConversationTypeNotFound, ConversationTypeInUse */
  async delete(actor: Actor, name: string): Promise<void> {
    await this.withLock(actor, async (tx) => {
      const before = required(await this.repository.findToChange(tx, name));
      if (BUILT_IN.has(name) || (await this.repository.isUsed(tx, name))) throw new ConversationTypeInUse();
      await this.repository.delete(tx, name);
      audit(tx, actor, 'conversation_type.delete', { name, before });
    });
  }

  /**
   * In the transaction that creates a conversation: the name of its conversation type, null for that of its `type`, and
   * its settings with the defaults of the type. `actor` has their current role.
   * @throws ValidationError if there is no such type for conversations of this `type`, or settings exceed it;
   *   PermissionDenied if the role of the actor may create none
   */
  async requireForNew(
    tx: Queryable,
    actor: Actor,
    { type, type_name, settings = {} }: TypeChoice,
  ): Promise<{ typeName: string | null; settings: object }> {
    const row = await this.repository.findToUse(tx, type_name ?? type);
    if (row?.type !== type) throw ValidationError.of('type_name', `is not a conversation type for the type ${type}`);
    if (!hasRank(actor, row.create_role))
      throw new PermissionDenied('Your role may not create conversations of this type.');
    throwProblems(problemsOfWiderSettings(type, { ...settings } as StoredSettings, row.settings));
    const { history_visibility = 'all' } = row.settings;
    const defaults = history_visibility === 'all' || type === 'direct' ? {} : { history_visibility };
    return { typeName: row.name === type ? null : row.name, settings: { ...defaults, ...settings } };
  }

  /** Under the lock of the stream of the actor, which the host's backend may not have yet. */
  private withLock<T>(actor: Actor, work: (tx: StreamTransaction) => Promise<T>): Promise<T> {
    return this.log.create(actor.userId, async (tx) => {
      await this.users.requireRank(actor, 'admin', tx);
      return work(tx);
    });
  }
}

/** @throws ConversationTypeNotFound */
function required(row: ConversationTypeRow | undefined): ConversationTypeRow {
  if (!row) throw new ConversationTypeNotFound();
  return row;
}

function audit(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  { name, before, after }: { name: string; before?: ConversationTypeRow; after?: ConversationTypeRow },
): void {
  const facts = (row: ConversationTypeRow | undefined): Record<string, unknown> | null =>
    row ? { type: row.type, description: row.description, settings: row.settings, create_role: row.create_role } : null;
  tx.audit({
    actor,
    action,
    target: { type: 'conversation_type', id: name },
    before: facts(before),
    after: facts(after),
  });
}

function present({
  name,
  type,
  description,
  settings,
  create_role,
  created_at,
  updated_at,
}: ConversationTypeRow): ConversationTypeDto {
  const times = { created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
  return { name, type, description, settings: typeSettingsOf(type, settings), create_role, ...times };
}
