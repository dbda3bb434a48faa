import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import { ModerationPolicy, type ModerationScope } from './moderation.policy.js';
import type {
  ContentRuleDto,
  CreateContentRuleDto,
  ListContentRulesQuery,
  UpdateContentRuleDto,
} from './content-rules.dto.js';
import { type ContentRuleRow, ContentRulesRepository } from './content-rules.repository.js';
import { ContentRuleExists, ContentRuleNotFound, TooManyContentRules } from './moderation.errors.js';
import { ACTION_NOT_FOR_LINK_ALLOW, normalisePattern, problemsOfContentRule } from './content-rule-pattern.js';
import { ContentRuleCache } from './content-rule-cache.js';

const RULES_MAX = { installation: 5000, conversation: 200 };

/** Manages content rules: admins manage those of the installation, moderators of a conversation its own. */
@Injectable()
export class ContentRulesService {
  constructor(
    private readonly repository: ContentRulesRepository,
    private readonly policy: ModerationPolicy,
    private readonly cache: ContentRuleCache,
    private readonly log: EventLog,
  ) {}

  /** Newest first. @throws PermissionDenied, ConversationNotFound, ValidationError */
  async list(actor: Actor, scope: ModerationScope, query: ListContentRulesQuery): Promise<Page<ContentRuleDto>> {
    await this.policy.requireRuleEditor(actor, scope);
    const { limit = DEFAULT_PAGE_SIZE, cursor } = query;
    const [at, id] = cursor === undefined ? [] : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const after = at === undefined ? undefined : { at: new Date(at), id: id! };
    const rows = await this.repository.page(scope.conversationId, after, limit);
    return toPage(rows, limit, present, (row) => [row.created_at.getTime(), row.id]);
  }

  /**
   * The rule is effective on this node when this returns, and on every node soon after.
   * @throws ContentRuleExists, TooManyContentRules, … as `list`
   */
  async create(actor: Actor, scope: ModerationScope, dto: CreateContentRuleDto): Promise<ContentRuleDto> {
    throwProblems(problemsOfContentRule(dto));
    const { pattern, key } = normalisePattern(dto);
    const { kind, reason = null } = dto;
    const row = await this.withLock(actor, scope, async (tx) => {
      const limit = RULES_MAX[scope.kind];
      if ((await this.repository.count(tx, scope.conversationId)) >= limit) throw new TooManyContentRules(limit);
      const rule = { id: newId(), conversationId: scope.conversationId, kind, pattern, key, reason };
      const stored = await this.repository.insert(tx, { ...rule, action: dto.action ?? null, createdBy: actor.userId });
      if (!stored) throw new ContentRuleExists();
      auditChange(tx, actor, 'content_rule.create', { id: stored.id, after: stored });
      return stored;
    });
    return present(row);
  }

  /** @throws ContentRuleNotFound, … as `list` */
  async update(actor: Actor, scope: ModerationScope, id: string, dto: UpdateContentRuleDto): Promise<ContentRuleDto> {
    const row = await this.withLock(actor, scope, async (tx) => {
      const before = await this.requireRule(tx, scope, id);
      if (before.action === null && dto.action !== undefined) {
        throw ValidationError.of('action', ACTION_NOT_FOR_LINK_ALLOW);
      }
      const after = await this.repository.update(tx, before, dto);
      auditChange(tx, actor, 'content_rule.update', { id, before, after });
      return after;
    });
    return present(row);
  }

  /** @throws ContentRuleNotFound, … as `list` */
  async delete(actor: Actor, scope: ModerationScope, id: string): Promise<void> {
    await this.withLock(actor, scope, async (tx) => {
      const before = await this.requireRule(tx, scope, id);
      await this.repository.delete(tx, before);
      auditChange(tx, actor, 'content_rule.delete', { id, before });
    });
  }

  private async withLock<T>(
    actor: Actor,
    scope: ModerationScope,
    work: (tx: StreamTransaction) => Promise<T>,
  ): Promise<T> {
    const done = await this.log.write(scope.conversationId ?? actor.userId, async (tx) => {
      await this.policy.requireRuleEditor(actor, scope, tx);
      await this.repository.lock(tx);
      return { result: await work(tx) };
    });
    if (!done) throw this.policy.notFound(scope);
    await this.cache.applyChange();
    return done.result;
  }

  private async requireRule(tx: StreamTransaction, scope: ModerationScope, id: string): Promise<ContentRuleRow> {
    const row = await this.repository.find(tx, id, scope.conversationId);
    if (!row) throw new ContentRuleNotFound();
    return row;
  }
}

function auditChange(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  change: { id: string; before?: ContentRuleRow; after?: ContentRuleRow },
): void {
  const facts = (row: ContentRuleRow | undefined): Record<string, unknown> | null => {
    if (!row) return null;
    const { conversation_id, kind, pattern, action: does, reason } = row;
    return { conversation_id, kind, pattern, action: does, reason };
  };
  const target = { type: 'content_rule', id: change.id };
  tx.audit({ actor, action, target, before: facts(change.before), after: facts(change.after) });
}

function present(row: ContentRuleRow): ContentRuleDto {
  return {
    id: row.id,
    conversation_id: row.conversation_id,
    kind: row.kind,
    pattern: row.pattern,
    action: row.action,
    reason: row.reason,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
  };
}
