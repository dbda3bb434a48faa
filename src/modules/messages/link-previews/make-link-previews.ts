import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../../../platform/event-log/event-log.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { Limits } from '../../../platform/throttling/limits.service.js';
import { ContentRules } from '../content-rules.port.js';
import { type MessageRow, renderMessageEvent } from '../message-presenter.js';
import { MESSAGE_UPDATED } from '../messages.events.js';
import { LINK_PREVIEW_LIMIT } from '../messages.limits.js';
import { MessagesRepository } from '../messages.repository.js';
import { FetchPage } from './fetch-page.js';
import type { LinkPreviewDto, PageSummary } from './link-previews.dto.js';
import { LinkPreviewsRepository } from './link-previews.repository.js';
import { linksOfText, urlOf } from './links-of-text.js';

const PAGE_SECONDS = 24 * 3600;
/** A page that could not be read may be there soon. */
const FAILURE_SECONDS = 1800;

/**
 * Makes the previews of a message after it was stored: reads the pages behind its links, and then, under the lock of the
 * conversation, adds what the links that are still in its text say about themselves. That is a `message.updated` of the
 * server, without a version and without the mark of an edit.
 */
@Injectable()
export class MakeLinkPreviews {
  constructor(
    private readonly repository: LinkPreviewsRepository,
    private readonly messages: MessagesRepository,
    private readonly pages: FetchPage,
    private readonly rules: ContentRules,
    private readonly limits: Limits,
    private readonly log: EventLog,
  ) {}

  async make(messageId: string): Promise<void> {
    const [message] = await this.messages.find([messageId]);
    if (!message || !mayHavePreviews(message)) return;
    const { conversation_id: conversationId } = message;
    const links = linksIn(message);
    if (links.length === 0 || !(await this.repository.isAllowedIn(conversationId))) return;
    const previews: LinkPreviewDto[] = [];
    for (const link of links) {
      const page = await this.read(urlOf(link)!, message);
      if (page && (await this.passesRules(conversationId, page))) previews.push({ url: link, ...page });
    }
    await this.store(conversationId, messageId, previews);
  }

  private async read(url: string, { sender_id: senderId }: MessageRow): Promise<PageSummary | null> {
    const known = await this.repository.findPage(url);
    if (known !== undefined) return known;
    try {
      await this.limits.checkSubject(LINK_PREVIEW_LIMIT, senderId);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
    const page = await this.fetch(url).catch(() => null);
    await this.repository.savePage(url, page, page ? PAGE_SECONDS : FAILURE_SECONDS);
    return page;
  }

  /** The parser is loaded when a page has to be read. @throws Error for whatever reason there is no page */
  private async fetch(target: string): Promise<PageSummary | null> {
    const { html, url } = await this.pages.fetch(target);
    const { readPage } = await import('./read-page.js');
    return readPage(html, url) ?? null;
  }

  /** A page of a stranger can be neither masked nor held: one that any rule matches is not shown. */
  private async passesRules(conversationId: string, page: PageSummary): Promise<boolean> {
    const texts = [page.title, page.description, page.site_name].filter((text) => text !== null);
    const verdicts = await Promise.all(texts.map((text) => this.rules.evaluate(conversationId, text)));
    return verdicts.every((verdict) => verdict === undefined);
  }

  private async store(conversationId: string, messageId: string, made: readonly LinkPreviewDto[]): Promise<void> {
    await this.log.write(conversationId, async (tx) => {
      const [message] = await this.messages.find([messageId], tx);
      if (!message || !mayHavePreviews(message)) return;
      if (!(await this.repository.isAllowedIn(conversationId, tx))) return;
      const links = new Set(linksIn(message));
      const previews = made.filter(({ url }) => links.has(url));
      if (isDeepStrictEqual(message.link_previews ?? [], previews)) return;
      await this.repository.set(tx, messageId, previews.length > 0 ? previews : null);
      const [after] = await this.messages.find([messageId], tx);
      const content = renderMessageEvent(after!, MESSAGE_UPDATED, { actorId: null });
      tx.append({ type: MESSAGE_UPDATED, actorId: null, subjectId: messageId, content });
    });
  }
}

/** Not of a deleted message or of one that is still being written, and not if its sender wants none. */
function mayHavePreviews({ deleted_at: deletedAt, link_previews: previews, streaming }: MessageRow): boolean {
  return deletedAt === null && streaming !== 'open' && previews?.length !== 0;
}

function linksIn({ content, forwarded }: MessageRow): string[] {
  return linksOfText(`${content}\n${forwarded?.content ?? ''}`);
}
