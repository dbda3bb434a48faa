import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, type Page, toPage } from '../../../platform/pagination/page.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd } from '../../../platform/validation/time-field.js';
import type { Access } from '../access.policy.js';
import { AddParticipants } from '../add-participants.js';
import { LockedConversations } from '../locked-conversations.js';
import { mayChangeRole } from '../participant-roles.js';
import { ParticipantsPolicy } from '../participants.policy.js';
import type { ListInvitationsQuery } from './invitations.dto.js';
import { InviteLinkNotFound, TooManyInviteLinks } from './invitations.errors.js';
import type { CreateInviteLinkDto, InviteLinkDto, JoinedByLinkDto, NewInviteLinkDto } from './invite-links.dto.js';
import { type InviteLinkRow, InviteLinksRepository } from './invite-links.repository.js';

const CODE_BYTES = 18;
/** Links of one conversation that can be used. */
const LINKS_MAX = 100;

/**
 * Links by which users join a group or room without being invited one by one. The code of a link is a secret of which a
 * hash is stored. Uses are counted under the lock of the conversation, so that a link with one use admits one user.
 */
@Injectable()
export class InviteLinksService {
  constructor(
    private readonly repository: InviteLinksRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly additions: AddParticipants,
    private readonly conversations: LockedConversations,
  ) {}

  /**
   * For moderators; a link that makes moderators only for those who may assign that role.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, DirectConversationFixed, TooManyInviteLinks
   */
  async create(actor: Actor, conversationId: string, dto: CreateInviteLinkDto): Promise<NewInviteLinkDto> {
    throwProblems(problemsOfEnd('expires_at', dto.expires_at));
    const { role = 'participant', max_uses = null } = dto;
    const code = randomBytes(CODE_BYTES).toString('base64url');
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      this.requireModerator(access);
      if (role !== 'participant' && !mayChangeRole(access.rank, 'participant', role)) this.policy.deny();
      const link = {
        id: newId(),
        conversation_id: conversationId,
        role,
        created_by: actor.userId,
        created_at: tx.head.at,
        expires_at: dto.expires_at ? new Date(dto.expires_at) : null,
        max_uses,
      };
      await this.repository.insert(tx, { ...link, codeHash: hashOf(code) });
      if ((await this.repository.count(tx, conversationId)) > LINKS_MAX) throw new TooManyInviteLinks(LINKS_MAX);
      this.policy.auditModeration(tx, actor, access, { action: 'invite_link.create', after: { id: link.id, role } });
      return { ...presentLink({ ...link, use_count: 0 }), code };
    });
  }

  /** The links that can be used, without their codes. @throws as `create` */
  async list(
    actor: Actor,
    conversationId: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: ListInvitationsQuery,
  ): Promise<Page<InviteLinkDto>> {
    const access = await this.policy.loadAccess(actor, conversationId);
    this.policy.requireNotDirect(access);
    this.requireModerator(access);
    const [after] = cursor === undefined ? [null] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page(conversationId, after, limit + 1);
    return toPage(rows, limit, presentLink, ({ id }) => [id]);
  }

  /** Ends a link; an unknown one has ended. @throws as `create` */
  async revoke(actor: Actor, conversationId: string, id: string): Promise<void> {
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      this.requireModerator(access);
      await this.repository.delete(tx, conversationId, id);
      this.policy.auditModeration(tx, actor, access, { action: 'invite_link.revoke', after: { id } });
    });
  }

  /**
   * The actor joins by a link. A participant may repeat it, which counts as no use.
   * @throws InviteLinkNotFound, PermissionDenied for a user who is banned from the conversation, TooManyParticipants
   */
  async join(actor: Actor, code: string): Promise<JoinedByLinkDto> {
    const codeHash = hashOf(code);
    const link = await this.repository.findByCode(codeHash);
    if (!link) throw new InviteLinkNotFound();
    const { conversation_id: conversationId } = link;
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      if (access.role) return;
      const current = await this.repository.findByCode(codeHash, tx);
      if (!current) throw new InviteLinkNotFound();
      await this.additions.addAll(tx, actor, [{ userId: actor.userId, role: current.role }]);
      await this.repository.countUse(tx, current.id);
    });
    return { conversation_id: conversationId };
  }

  private requireModerator(access: Access): void {
    this.policy.requireModerator(access);
    this.policy.requireMayInvite(access);
  }
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}

function presentLink(row: InviteLinkRow): InviteLinkDto {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}
